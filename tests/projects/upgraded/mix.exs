defmodule Upgraded.MixProject do
  use Mix.Project

  def project do
    [
      app: :upgraded,
      version: "0.1.0",
      deps: [{:codec, path: "codec"}, {:spare, path: "spare"}]
    ]
  end

  def application, do: [extra_applications: [:logger], mod: {Upgraded.Application, []}]
end
