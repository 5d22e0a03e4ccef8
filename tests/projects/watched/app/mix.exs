defmodule Watched.MixProject do
  use Mix.Project

  def project do
    [
      app: :watched,
      version: "0.1.0",
      elixirc_paths: ["lib", Path.expand("../shared/lib", __DIR__)],
      deps: [{:library, path: "../library"}]
    ]
  end

  def application, do: [extra_applications: [:logger]]
end
