defmodule Evolving.Application do
  use Application

  def start(_type, _args) do
    children = [
      {Registry, keys: :unique, name: Evolving.Registry},
      Evolving.Counter,
      {Evolving.Worker, :one},
      {Evolving.Worker, :two},
      {Evolving.Worker, Application.fetch_env!(:evolving, :worker)},
      Evolving.Team,
      %{id: Evolving.Inner, type: :supervisor, start: {Supervisor, :start_link, [inner(), inner_options()]}},
      {DynamicSupervisor, name: Evolving.Dynamic, strategy: :one_for_one},
      {Task.Supervisor, name: Evolving.Tasks},
      {PartitionSupervisor, child_spec: part(), name: Evolving.Partitions, partitions: 2},
      %{id: :made_here, start: {Agent, :start_link, [fn -> :made end]}},
      %{id: :evolving_tally, start: {:evolving_tally, :start_link, []}},
      %{id: :evolving_door, start: {:evolving_door, :start_link, []}}
    ]

    Supervisor.start_link(children, strategy: :one_for_one, name: Evolving.Supervisor)
  end

  defp part, do: %{id: Agent, start: {Agent, :start_link, [Map, :new, []]}}
  defp inner, do: [{Evolving.Worker, :deep}]
  defp inner_options, do: [strategy: :one_for_one, name: Evolving.Inner]
end
