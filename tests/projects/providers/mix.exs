defmodule Providers.MixProject do
  use Mix.Project

  def project do
    [
      app: :providers,
      version: "0.1.0",
      deps: [],
      releases: [
        providers: [config_providers: [{Providers.FromFile, {:system, "RELEASE_ROOT", "/etc/providers.txt"}}]],
        rebooting: [
          config_providers: [{Providers.FromFile, {:system, "RELEASE_ROOT", "/etc/providers.txt"}}],
          reboot_system_after_config: true
        ],
        pruned: [reboot_system_after_config: true, prune_runtime_sys_config_after_boot: true],
        unchecked: [validate_compile_env: false, runtime_config_path: false]
      ],
      default_release: :providers
    ]
  end

  def application, do: [extra_applications: [:logger], mod: {Providers, []}]
end
