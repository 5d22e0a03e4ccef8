defmodule Pages.MixProject do
  use Mix.Project

  # The dependency `phoenix` is a stand-in with the two things that dray relies on: the task phx.digest, and endpoints
  # that ask `config :phoenix, :serve_endpoints` whether to listen.
  def project do
    [app: :pages, version: "0.1.0", deps: [{:phoenix, path: "phoenix"}], aliases: aliases()]
  end

  def application, do: [extra_applications: [:logger], mod: {Pages, []}]

  defp aliases do
    if System.get_env("WITHOUT_ALIAS"), do: [], else: ["assets.deploy": [&build_assets/1, "phx.digest"]]
  end

  defp build_assets(_) do
    File.mkdir_p!("priv/static/assets")
    File.write!("priv/static/assets/app.css", String.upcase(File.read!("assets/app.css")))
  end
end
