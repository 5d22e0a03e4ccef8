defmodule Press.MixProject do
  use Mix.Project

  def project do
    [app: :press, version: "0.1.0", deps: []]
  end

  def application, do: [extra_applications: [:logger]]
end
