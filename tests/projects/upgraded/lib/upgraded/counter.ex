defmodule Upgraded.Counter do
  @moduledoc false
  use GenServer

  def start_link(_), do: GenServer.start_link(__MODULE__, 0, name: __MODULE__)
  def next, do: GenServer.call(__MODULE__, :next)

  @impl true
  def init(count), do: {:ok, count}

  @impl true
  def handle_call(:next, _from, count), do: {:reply, Upgraded.Text.show(count + 1), count + 1}

  @impl true
  def code_change(_, count, _), do: {:ok, count}
end
