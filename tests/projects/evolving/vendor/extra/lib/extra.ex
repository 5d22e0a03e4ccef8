defmodule Extra do
  use Application

  def start(_type, _args) do
    Supervisor.start_link([{Agent, fn -> :extra end}], strategy: :one_for_one, name: Extra.Supervisor)
  end
end
