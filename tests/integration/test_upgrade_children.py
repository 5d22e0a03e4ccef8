"""Upgrades of supervision trees: children come, go, change and change places, wherever they are listed."""

from __future__ import annotations

import re

import pytest

from tests.upgrades import ask, change

pytestmark = pytest.mark.beam

WORKERS = 'for n <- Process.registered(), String.starts_with?(to_string(n), "worker_"), do: {n, Process.whereis(n)}'
OTHERS = (
    "{Process.whereis(Evolving.Registry), Process.whereis(Evolving.Tasks), Process.whereis(Evolving.Counter),"
    " DynamicSupervisor.which_children(Evolving.Dynamic), Task.Supervisor.children(Evolving.Tasks),"
    " PartitionSupervisor.which_children(Evolving.Partitions),"
    ' Registry.lookup(Evolving.Registry, "me")}'
)
FILL = """
{:ok, _} = DynamicSupervisor.start_child(Evolving.Dynamic, {Evolving.Worker, :free})
{:ok, _} = Task.Supervisor.start_child(Evolving.Tasks, fn -> Process.sleep(:infinity) end)
Agent.update({:via, PartitionSupervisor, {Evolving.Partitions, 1}}, &Map.put(&1, :kept, true))
GenServer.call(:worker_free, :name)
"""


def workers(launcher):
    found = re.findall(r"worker_(\w+): #PID<([\d.]+)>", ask(launcher, WORKERS))
    return dict(found)


def test_children_come_go_change_and_move_and_all_others_stay(second, installed):
    with installed(second).running() as launcher:
        ask(launcher, FILL)
        before, others = workers(launcher), ask(launcher, OTHERS)
        done = change(launcher, "upgrade", "0.2.0")
        assert done["mode"] == "hot", done
        after = workers(launcher)
        assert before.keys() == {"one", "two", "settled", "deep", "red", "green", "blue", "free"}
        assert after.keys() == {"three", "two", "moved", "deep", "deeper", "green", "blue", "yellow", "free"}
        assert {name for name in before.keys() & after.keys() if before[name] != after[name]} == {"green"}
        assert ask(launcher, OTHERS) == others
        done = change(launcher, "downgrade", "0.1.0")
        assert done["mode"] == "hot", done
        last = workers(launcher)
        assert last.keys() == before.keys()
        assert {name for name in after.keys() & last.keys() if after[name] != last[name]} == {"green"}
        assert ask(launcher, OTHERS) == others
