defmodule Greeter do
  @moduledoc "Greets, and counts how often."
  use GenServer

  def start_link(_), do: GenServer.start_link(__MODULE__, 0, name: __MODULE__)
  def greet(name), do: GenServer.call(__MODULE__, {:greet, name})

  @impl true
  def init(count), do: {:ok, count}

  @impl true
  def handle_call({:greet, name}, _from, count) do
    {:reply, "#{:greeter_erlang.word()} #{name}, you are number #{count + 1}", count + 1}
  end
end
