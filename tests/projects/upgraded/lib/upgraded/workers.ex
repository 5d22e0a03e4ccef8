defmodule Upgraded.Workers do
  @moduledoc false
  use Supervisor

  def start_link(_), do: Supervisor.start_link(__MODULE__, [], name: __MODULE__)

  @impl true
  def init(_), do: Supervisor.init([Upgraded.Counter], strategy: :one_for_one)
end
