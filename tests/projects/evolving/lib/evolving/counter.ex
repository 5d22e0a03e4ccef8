defmodule Evolving.Counter do
  @moduledoc "Counts; in its next version it counts by names."
  use GenServer

  def start_link(_), do: GenServer.start_link(__MODULE__, 0, name: __MODULE__)
  def next, do: GenServer.call(__MODULE__, :next)
  def init(count), do: {:ok, count}
  def handle_call(:next, _from, count), do: {:reply, count + 1, count + 1}
  def handle_call(:wait, _from, count), do: {:reply, Process.sleep(:infinity), count}
end
