# Calls a function of the project for the step `mix`.
#
# DRAY_FUNCTION names it, DRAY_REQUEST is a file with {description, arguments} in the external term format.

{description, arguments} = System.fetch_env!("DRAY_REQUEST") |> File.read!() |> :erlang.binary_to_term()

Mix.start()
Mix.CLI.main(["compile"])

{name, module} = System.fetch_env!("DRAY_FUNCTION") |> String.split(".") |> List.pop_at(-1)
module = Module.concat(module)
arity = length(arguments) + 1

unless Code.ensure_loaded?(module) and function_exported?(module, String.to_atom(name), arity) do
  Mix.shell().error("** #{inspect(module)} has no function #{name}/#{arity}")
  System.halt(1)
end

description = Map.put(description, :add, System.fetch_env!("DRAY_ADD"))

case apply(module, String.to_atom(name), [description | arguments]) do
  :ok ->
    :ok

  other ->
    Mix.shell().error("** #{inspect(module)}.#{name}/#{arity} returns :ok when it is done, got: #{inspect(other)}")
    System.halt(1)
end
