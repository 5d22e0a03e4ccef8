defmodule Phoenix.MixProject do
  use Mix.Project

  def project, do: [app: :phoenix, version: "1.99.0", deps: [], package: [licenses: ["MIT"]]]
  def application, do: [extra_applications: [:logger], env: []]
end
