defmodule TwoReleases.MixProject do
  use Mix.Project

  def project do
    [
      apps_path: "apps",
      version: "9.9.9",
      deps: [],
      default_release: :both,
      releases: [
        both: [applications: [alpha: :permanent, beta: :temporary]],
        alpha_only: fn ->
          [
            version: {:from_app, :alpha},
            applications: [alpha: :permanent, beta: :load, runtime_tools: :transient],
            strip_beams: [keep: ["Docs"]],
            include_executables_for: [:unix]
          ]
        end
      ]
    ]
  end
end
