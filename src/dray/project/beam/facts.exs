# Compiles a Mix project and reports its facts, in one start of the BEAM.
#
# `Mix.CLI` does the compiling, so that environment, target, archives, aliases and dependency checks are those of
# `mix compile`. `config/runtime.exs` is not evaluated: only the server has what it needs.
#
# The script is evaluated, not compiled, and reports terms as they are: reading them is dray's work, and a module
# here would cost every build 100 ms. Request and reply are files in the external term format, named by
# DRAY_REQUEST and DRAY_REPLY; the request is {release | nil, [version: pattern, applications: keyword], arguments}.

{release, overrides, arguments} =
  System.fetch_env!("DRAY_REQUEST") |> File.read!() |> :erlang.binary_to_term()

Mix.start()
Mix.CLI.main(["compile" | arguments])

config = Mix.Project.config()
evaluate = fn value -> if is_function(value, 0), do: value.(), else: value end
releases = Enum.map(config[:releases] || [], fn {name, options} -> {name, evaluate.(options)} end)

# The release to build, as `mix release` chooses it; nil where there is a choice that nobody made.
chosen =
  cond do
    release != nil -> String.to_atom(release)
    releases == [] -> config[:app]
    match?([_], releases) -> releases |> hd() |> elem(0)
    true -> config[:default_release]
  end

resolve_version = fn
  {:from_app, app} ->
    Application.load(app)
    if version = Application.spec(app, :vsn), do: to_string(version), else: {:from_app, app}

  version ->
    version
end

releases =
  Enum.map(releases, fn {name, options} ->
    {name, Keyword.replace_lazy(options, :version, resolve_version)}
  end)

given = releases[chosen] || []
version = given[:version]

definition =
  given
  |> Keyword.put(:include_erts, evaluate.(Keyword.get(given, :include_erts, true)))
  |> Keyword.put(
    :config_providers,
    Enum.map(given[:config_providers] || [], fn {provider, argument} -> {provider, provider.init(argument)} end)
  )

{compile_config, config_files} =
  if File.regular?(config[:config_path]),
    do: Config.Reader.read_imports!(config[:config_path], env: Mix.env(), target: Mix.target()),
    else: {[], []}

# The project's own EEx templates see the same `@release` as under `mix release`.
templates =
  for name <- ~w(vm.args remote.vm.args env.sh),
      path = Path.join(given[:rel_templates_path] || "rel", name <> ".eex"),
      File.exists?(path),
      do: {name, path}

rendered =
  if templates == [] or chosen == nil do
    []
  else
    mix_version = version || config[:version]
    overrides = Keyword.update(overrides, :version, mix_version, &String.replace(&1, "{mix}", mix_version || ""))
    config = Keyword.put(config, :releases, [{chosen, Keyword.merge(given, overrides)}])

    # What is wrong with the release is said better by dray, which resolves it anyway.
    case (try do
            {:ok, Mix.Release.from_config!(chosen, config, [])}
          rescue
            error in Mix.Error -> {:error, Exception.message(error)}
          end) do
      {:ok, release} -> for {name, path} <- templates, do: {name, EEx.eval_file(path, assigns: [release: release])}
      {:error, message} -> [{"error", message}]
    end
  end

apps_paths = Mix.Project.apps_paths() || %{}

children =
  for {app, path} <- apps_paths do
    Mix.Project.in_project(app, path, fn _ -> {File.cwd!(), Mix.Project.config()} end)
  end

# Packages of Hex say their licences in a file of their own; others in their mix.exs, which Mix has loaded.
package = fn dep ->
  if dep.manager == :mix and not File.regular?(Path.join(dep.opts[:dest], "hex_metadata.config")),
    do: Mix.Dep.in_dependency(dep, fn _ -> Mix.Project.config()[:package] end)
end

dependencies =
  for dep <- Mix.Dep.cached(),
      not is_map_key(apps_paths, dep.app),
      do: {dep.app, dep.status, dep.scm, dep.opts[:dest], package.(dep) || []}

facts = %{
  root: File.cwd!(),
  config: config,
  releases: Enum.map(releases, fn {name, options} -> {name, if(name == chosen, do: definition, else: options)} end),
  chosen: chosen,
  children: children,
  dependencies: dependencies,
  dependency_apps: Mix.Project.deps_apps(),
  env: Mix.env(),
  target: Mix.target(),
  build_path: Mix.Project.build_path(),
  consolidated: config[:consolidate_protocols] && Mix.Project.consolidation_path(),
  code_path: :code.get_path(),
  compile_config: compile_config,
  config_files: config_files,
  config_provider: Config.Provider.init([], {:system, "RELEASE_SYS_CONFIG", ".config"}, []),
  rendered: rendered,
  otp_release: :erlang.system_info(:otp_release),
  erts_version: :erlang.system_info(:version),
  otp_root: :code.root_dir(),
  otp_lib: :code.lib_dir(),
  significant_chunks: :beam_lib.significant_chunks(),
  elixir_version: System.version(),
  elixir_bin: Path.expand("../../bin", Application.app_dir(:elixir))
}

File.write!(System.fetch_env!("DRAY_REPLY"), :erlang.term_to_binary(facts))
