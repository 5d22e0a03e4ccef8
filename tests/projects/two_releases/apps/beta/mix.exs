defmodule Beta.MixProject do
  use Mix.Project

  def project do
    [
      app: :beta,
      version: "0.5.0",
      build_path: "../../_build",
      config_path: "../../config/config.exs",
      deps_path: "../../deps",
      lockfile: "../../mix.lock",
      deps: [{:alpha, in_umbrella: true}]
    ]
  end

  def application, do: [extra_applications: [:logger]]
end
