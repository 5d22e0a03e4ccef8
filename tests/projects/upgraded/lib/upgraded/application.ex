defmodule Upgraded.Application do
  @moduledoc false
  use Application

  @impl true
  def start(_type, _args) do
    Supervisor.start_link([Upgraded.Workers], strategy: :one_for_one, name: Upgraded.Supervisor)
  end
end
