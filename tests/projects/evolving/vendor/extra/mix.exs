defmodule Extra.MixProject do
  use Mix.Project

  def project, do: [app: :extra, version: "1.0.0", elixir: "~> 1.14"]
  def application, do: [mod: {Extra, []}]
end
