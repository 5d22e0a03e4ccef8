defmodule Greeter.MixProject do
  use Mix.Project

  def project do
    [
      app: :greeter,
      version: "1.2.3",
      description: "Greets whoever asks",
      elixir: "~> 1.14",
      source_url: "https://greeter.example/source",
      package: [
        licenses: ["Apache-2.0", "MIT"],
        maintainers: ["Ada", "Grace"],
        links: %{"Changelog" => "https://greeter.example/changelog"}
      ],
      deps: []
    ]
  end

  def application, do: [extra_applications: [:logger, :crypto], mod: {Greeter.Application, []}]
end
