defmodule Spare.MixProject do
  use Mix.Project

  def project, do: [app: :spare, version: "0.3.0", deps: []]
  def application, do: []
end
