defmodule Stepped.MixProject do
  use Mix.Project

  def project do
    [
      app: :stepped,
      version: "0.1.0",
      deps: [],
      releases: [
        stepped: [
          steps: [&configure/1, :assemble, &Stepped.Steps.describe/1, &remove_a_file/1, :tar]
        ]
      ]
    ]
  end

  def application, do: [extra_applications: [:logger]]

  defp configure(release) do
    %{release | options: Keyword.put(release.options, :strip_beams, keep: ["Docs"])}
  end

  defp remove_a_file(release) do
    File.rm!(Path.join(release.path, "share/unwanted.txt"))
    %{release | overlays: List.delete(release.overlays, "share/unwanted.txt")}
  end
end
