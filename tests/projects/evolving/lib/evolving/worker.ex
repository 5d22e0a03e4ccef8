defmodule Evolving.Worker do
  @moduledoc "A process with a name, that remembers when it was started."
  use GenServer

  def child_spec(name), do: %{id: name, start: {__MODULE__, :start_link, [name]}}
  def start_link(name), do: GenServer.start_link(__MODULE__, name, name: :"worker_#{name}")
  def init(name), do: {:ok, name}
  def handle_call(:name, _from, name), do: {:reply, name, name}
end
