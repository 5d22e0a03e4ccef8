defmodule Evolving.Worker do
  @moduledoc "A process with a name; the variable EVOLVING_BREAK says which one does not start."
  use GenServer

  def child_spec(name), do: %{id: name, start: {__MODULE__, :start_link, [name]}}
  def start_link(name), do: GenServer.start_link(__MODULE__, name, name: :"worker_#{name}")

  def init(name) do
    if System.get_env("EVOLVING_BREAK") == "child #{name}", do: {:stop, :broken}, else: {:ok, name}
  end

  def handle_call(:name, _from, name), do: {:reply, name, name}
end
