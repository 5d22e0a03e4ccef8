# Runs functions of `steps:` in mix.exs on a %Mix.Release{}, as `mix release` does.
#
# The request is {release, definition, path, indexes}: the name, the options of the release as dray resolved them, where
# its tree is, and which of the steps to run. The reply says what they left in the struct; boot scripts only where they
# have changed them.

{name, options, path, indexes} = System.fetch_env!("DRAY_REQUEST") |> File.read!() |> :erlang.binary_to_term()

Mix.start()
Mix.CLI.main(["compile"])

name = String.to_atom(name)
config = Mix.Project.config()
given = (config[:releases] || [])[name]
given = if is_function(given, 0), do: given.(), else: given || []
config = Keyword.put(config, :releases, [{name, Keyword.merge(given, options)}])

release = Mix.Release.from_config!(name, config, path: path, quiet: true, overwrite: true)
steps = release.steps
boot_scripts = release.boot_scripts

release =
  Enum.reduce(indexes, release, fn index, release ->
    step = Enum.at(steps, index)

    case step.(%{release | steps: Enum.drop(steps, index + 1)}) do
      %Mix.Release{} = release -> release
      other -> Mix.raise("Expected step #{inspect(step)} to return a Mix.Release, got: #{inspect(other)}")
    end
  end)

reply = %{
  options: Keyword.drop(release.options, [:quiet, :overwrite]),
  providers: for({provider, argument} <- release.config_providers, do: {provider, provider.init(argument)}),
  boot_scripts: if(release.boot_scripts == boot_scripts, do: [], else: Map.to_list(release.boot_scripts)),
  overlays: release.overlays
}

File.write!(System.fetch_env!("DRAY_REPLY"), :erlang.term_to_binary(reply))
