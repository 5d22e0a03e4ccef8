defmodule Providers do
  @moduledoc false
  use Application

  @colour Application.compile_env(:providers, :colour)

  def colour, do: @colour

  @impl true
  def start(_, _), do: Supervisor.start_link([], strategy: :one_for_one)
end

defmodule Providers.FromFile do
  @moduledoc "Reads one value from a file of the host's."
  @behaviour Config.Provider

  @impl true
  def init(path), do: path

  @impl true
  def load(config, path) do
    text = path |> Config.Provider.resolve_config_path!() |> File.read!() |> String.trim()
    Config.Reader.merge(config, providers: [from_file: text])
  end
end
