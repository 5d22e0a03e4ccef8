defmodule Native.MixProject do
  use Mix.Project

  def project do
    [app: :native, version: "0.1.0", deps: [{:adder, path: "adder"}]]
  end

  def application, do: [extra_applications: [:logger]]
end
