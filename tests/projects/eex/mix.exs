defmodule Eex.MixProject do
  use Mix.Project

  def project do
    [app: :eex_app, version: "0.7.0", deps: [], releases: [eex: [overlays: "extra", quiet: true, custom: "value"]]]
  end

  def application, do: [extra_applications: [:logger]]
end
