"""Upgrades between small applications that nobody thought of: the node is each time the one that a boot makes."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from tests.conftest import IN_CI
from tests.harness import copy_project
from tests.upgrades import build_version, require_equal

pytestmark = pytest.mark.beam

MODULES = ("anna", "bert", "carl", "dora")
STRATEGIES = ("one_for_one", "one_for_all", "rest_for_one")
WORKER = """-module(worker_{name}).
-behaviour(gen_server).
-export([start_link/1, init/1, handle_call/3, handle_cast/2{exported}]).
start_link(Name) -> gen_server:start_link({{local, Name}}, ?MODULE, Name, []).
init(Name) -> {{ok, {{{shape}, Name}}}}.
handle_call(_, _, {{_, Name}} = State) -> {{reply, {{Name, {shape}}}, State}}.
handle_cast(_, State) -> {{noreply, State}}.
"""
CHANGES = "code_change(_, {_, Name}, _) -> {ok, {SHAPE, Name}}.\n"
TEAM = """-module(random_team).
-behaviour(supervisor).
-export([start_link/0, init/1]).
start_link() -> supervisor:start_link({{local, ?MODULE}}, ?MODULE, []).
init([]) -> {{ok, {{#{{strategy => {strategy}}}, [{children}]}}}}.
"""
APPLICATION = """defmodule Random.Application do
  use Application

  def start(_type, _args) do
    children = [{children}]
    Supervisor.start_link(children, strategy: :{strategy}, name: Random.Supervisor)
  end
end
"""
PROTOCOL = """defprotocol Random.Named do
  def name(of)
end
"""
IMPLEMENTATION = """defimpl Random.Named, for: {kind} do
  def name(_), do: "{kind} {number}"
end
"""


@dataclass(frozen=True)
class Child:
    """A child: the module that it runs, and how it is restarted."""

    module: str
    restart: str


@dataclass(frozen=True)
class Shape:
    """What an application consists of."""

    workers: tuple[tuple[str, int, bool], ...]
    inline: tuple[Child, ...]
    inner: tuple[Child, ...] | None
    team: tuple[Child, ...] | None
    strategies: tuple[str, str, str]
    implementations: tuple[str, ...]


@st.composite
def shapes(draw):
    names = draw(st.lists(st.sampled_from(MODULES), min_size=1, unique=True))
    workers = tuple((name, draw(st.integers(1, 3)), draw(st.booleans())) for name in sorted(names))
    child = st.builds(Child, st.sampled_from(names), st.sampled_from(("permanent", "transient")))
    children = st.lists(child, max_size=4, unique_by=lambda child: child.module).map(tuple)
    return Shape(
        workers,
        draw(children),
        draw(st.none() | children),
        draw(st.none() | children),
        draw(st.tuples(*[st.sampled_from(STRATEGIES)] * 3)),
        tuple(draw(st.lists(st.sampled_from(("Integer", "Atom", "List")), unique=True))),
    )


def write_project(project, shape):
    """Write the modules of an application."""
    sources = {"lib/named.ex": PROTOCOL}
    for name, number, changes in shape.workers:
        text = WORKER.format(name=name, shape=number, exported=", code_change/3" if changes else "")
        sources[f"src/worker_{name}.erl"] = text + (CHANGES.replace("SHAPE", str(number)) if changes else "")
    for kind in shape.implementations:
        sources[f"lib/named_{kind.lower()}.ex"] = IMPLEMENTATION.format(kind=kind, number=len(shape.inline))
    inline = [format_elixir("top", child) for child in shape.inline]
    if shape.inner is not None:
        below = ", ".join(format_elixir("inner", child) for child in shape.inner)
        options = f"[strategy: :{shape.strategies[1]}, name: Random.Inner]"
        inline.insert(
            1, f"%{{id: :inner, type: :supervisor, start: {{Supervisor, :start_link, [[{below}], {options}]}}}}"
        )
    if shape.team is not None:
        below = ", ".join(format_erlang("team", child) for child in shape.team)
        sources["src/random_team.erl"] = TEAM.format(strategy=shape.strategies[2], children=below)
        inline.append("%{id: :team, type: :supervisor, start: {:random_team, :start_link, []}}")
    sources["lib/application.ex"] = APPLICATION.format(strategy=shape.strategies[0], children=", ".join(inline))
    for path, text in sources.items():
        (project / path).parent.mkdir(exist_ok=True)
        (project / path).write_text(text)


def format_elixir(place, child):
    name = f":{place}_{child.module}"
    start = f"{{:worker_{child.module}, :start_link, [{name}]}}"
    return f"%{{id: {name}, restart: :{child.restart}, start: {start}}}"


def format_erlang(place, child):
    name = f"{place}_{child.module}"
    start = f"{{worker_{child.module}, start_link, [{name}]}}"
    return f"#{{id => {name}, restart => {child.restart}, start => {start}}}"


@settings(
    max_examples=6,
    derandomize=IN_CI,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(shapes(), shapes())
def test_a_node_becomes_what_a_boot_would_have_made_of_it(old, new):
    with tempfile.TemporaryDirectory(prefix="random-") as folder:
        versions = []
        for number, shape in enumerate((old, new)):
            note(str(shape))
            project = copy_project("random", Path(folder, str(number)))
            write_project(project, shape)
            versions.append(build_version(project, "random", str(number)))
        require_equal(*versions)
