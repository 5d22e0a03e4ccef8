defmodule Greeter.Application do
  @moduledoc false
  use Application

  @impl true
  def start(_, _), do: Supervisor.start_link([Greeter], strategy: :one_for_one, name: Greeter.Supervisor)
end
