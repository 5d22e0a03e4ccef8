defmodule Evolving.MixProject do
  use Mix.Project

  def project do
    [app: :evolving, version: "0.1.0", elixir: "~> 1.14", deps: deps()]
  end

  def application, do: [extra_applications: [:logger], mod: {Evolving.Application, []}]

  defp deps, do: [{:helper, path: "vendor/helper"}, {:spare, path: "vendor/spare"}]
end
