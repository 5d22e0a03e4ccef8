defmodule Library.MixProject do
  use Mix.Project
  def project, do: [app: :library, version: "0.2.0", deps: []]
  def application, do: []
end
