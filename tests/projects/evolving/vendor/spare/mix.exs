defmodule Spare.MixProject do
  use Mix.Project

  def project, do: [app: :spare, version: "1.0.0", elixir: "~> 1.14"]
  def application, do: [mod: {Spare, []}]
end
