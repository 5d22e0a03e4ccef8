"""Upgrades of code: states that change their shape, protocols, modules, dependencies under the same version."""

from __future__ import annotations

import pytest

from tests.upgrades import ask, change, require_equal

pytestmark = pytest.mark.beam

COUNTER = """defmodule Evolving.Counter do
  use GenServer

  def start_link(_), do: GenServer.start_link(__MODULE__, %{}, name: __MODULE__)
  def next, do: GenServer.call(__MODULE__, :next)
  def init(counts), do: {:ok, counts}

  def handle_call(:next, _from, counts) do
    counts = Map.update(counts, :all, 1, &(&1 + 1))
    {:reply, {:counted, counts.all}, counts}
  end

  def code_change({:down, _}, counts, _extra), do: {:ok, Map.get(counts, :all, 0)}
  def code_change(_, count, _extra), do: {:ok, %{all: count}}
end
"""
TALLY = {
    "src/evolving_tally.erl": (
        ("handle_cast/2]", "handle_cast/2, code_change/3]"),
        ("init([]) -> {ok, 0}.", "init([]) -> {ok, [0]}."),
        ("{reply, ok, Total + Number}", "{reply, ok, [Number | Total]}"),
        ("{reply, Total, Total}", "{reply, {sum, lists:sum(Total)}, Total}"),
        (
            "handle_cast(_, Total) -> {noreply, Total}.",
            "handle_cast(_, Total) -> {noreply, Total}.\n"
            "code_change({down, _}, Total, _) -> {ok, lists:sum(Total)};\n"
            "code_change(_, Total, _) -> {ok, [Total]}.",
        ),
    )
}
DOOR = {
    "src/evolving_door.erl": (
        ("{ok, closed, 0}", "{ok, closed, #{pushes => 0}}"),
        ("push, Pushes) ->", "push, #{pushes := Pushes}) ->"),
        ("Pushes + 1,", "#{pushes => Pushes + 1},"),
        ("look, Pushes) ->", "look, #{pushes := Pushes}) ->"),
        ("code_change(_, State, Data, _) -> {ok, State, Data}.", "code_change(_, State, N, _) -> {ok, State, #{pushes => N}}."),
    )
}
STATES = {"lib/evolving/counter.ex": COUNTER, **TALLY, **DOOR}


def test_states_that_change_their_shape_are_carried_both_ways(first, evolve, installed):
    second = evolve(STATES)
    assert second.verdicts == {"0.1.0": ["hot"]}
    with installed(second).running() as launcher:
        assert ask(launcher, "Evolving.Counter.next()") == "1"
        assert ask(launcher, ":evolving_tally.add(5)") == ":ok"
        assert ask(launcher, ":evolving_door.push()") == ":open"
        assert change(launcher, "upgrade", "0.2.0")["mode"] == "hot"
        assert ask(launcher, "Evolving.Counter.next()") == "{:counted, 2}"
        assert ask(launcher, ":evolving_tally.add(2)") == ":ok"
        assert ask(launcher, ":evolving_tally.total()") == "{:sum, 7}"
        assert ask(launcher, ":evolving_door.push()") == ":closed"
        assert ask(launcher, ":sys.get_state(:evolving_door)") == "{:closed, %{pushes: 2}}"
        assert change(launcher, "downgrade", "0.1.0")["mode"] == "hot"
        assert ask(launcher, "Evolving.Counter.next()") == "3"
        assert ask(launcher, ":evolving_tally.total()") == "7"
        assert ask(launcher, ":evolving_door.look()") == "{:closed, 2}"
    require_equal(first, second)
