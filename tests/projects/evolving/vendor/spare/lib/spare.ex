defmodule Spare do
  use Application

  def start(_type, _args) do
    Supervisor.start_link([{Agent, fn -> :spare end}], strategy: :one_for_one, name: Spare.Supervisor)
  end
end
