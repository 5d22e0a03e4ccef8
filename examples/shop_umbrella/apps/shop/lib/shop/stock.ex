defmodule Shop.Stock do
  @moduledoc """
  How many of each thing are left: the shop's state.
  """
  use GenServer

  def start_link(stock) do
    GenServer.start_link(__MODULE__, stock, name: __MODULE__)
  end

  @doc "Returns how many are left."
  def count(name), do: GenServer.call(__MODULE__, {:count, name})

  @doc "Takes one away."
  def take(name), do: GenServer.call(__MODULE__, {:take, name})

  @impl true
  def init(stock) do
    {:ok, Map.new(stock, fn {name, count} -> {Atom.to_string(name), count} end)}
  end

  @impl true
  def handle_call({:count, name}, _from, stock) do
    {:reply, Map.fetch!(stock, name), stock}
  end

  def handle_call({:take, name}, _from, stock) do
    case stock do
      %{^name => :unlimited} -> {:reply, :ok, stock}
      %{^name => 0} -> {:reply, {:error, :sold_out}, stock}
      %{^name => count} -> {:reply, :ok, %{stock | name => count - 1}}
    end
  end
end
