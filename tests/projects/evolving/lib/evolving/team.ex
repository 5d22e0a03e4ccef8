defmodule Evolving.Team do
  use Supervisor

  def start_link(args), do: Supervisor.start_link(__MODULE__, args, name: __MODULE__)

  def init(_args) do
    children = [{Evolving.Worker, :red}, {Evolving.Worker, :green}, {Evolving.Worker, :blue}]
    Supervisor.init(children, strategy: :one_for_one)
  end
end
