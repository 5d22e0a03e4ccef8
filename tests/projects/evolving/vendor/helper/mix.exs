defmodule Helper.MixProject do
  use Mix.Project

  def project, do: [app: :helper, version: "1.0.0", elixir: "~> 1.14"]
  def application, do: []
end
