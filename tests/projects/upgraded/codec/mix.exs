defmodule Codec.MixProject do
  use Mix.Project

  def project, do: [app: :codec, version: "0.3.0", deps: []]
  def application, do: []
end
