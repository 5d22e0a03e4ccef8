"""Upgrades of projects with machine code and of rebar3 projects, and appups that were written by hand."""

from __future__ import annotations

import pytest

from dray.beam.appup import parse_appup
from tests.harness import copy_project
from tests.integration.versions import PIPELINE, Project

pytestmark = pytest.mark.beam


def test_changed_machine_code_is_a_restart(tmp_path):
    project = Project(copy_project("nif", tmp_path / "nif"), "native")
    project.write("rel/config.py", PIPELINE)
    project.build("1")
    project.replace("adder/c_src/adder.c", "+", "-")
    project.build("2")
    verdict, reason = project.verdict("1")
    assert verdict == "restart"
    assert reason == "adder: priv/adder.so is machine code, which a node does not load a second time"


@pytest.fixture(scope="module")
def counter(tmp_path_factory):
    """The rebar3 project, built in version 1, and changed since."""
    project = Project(copy_project("rebar", tmp_path_factory.mktemp("rebar") / "rebar"), "counter")
    project.write("rel/config.py", PIPELINE)
    project.build("1")
    sources = "apps/counter/src/"
    project.replace(f"{sources}counter.erl", "handle_cast/2]", "handle_cast/2, code_change/3]")
    project.replace(f"{sources}counter.erl", "handle_cast(_", "code_change(_, N, _) -> {ok, N}.\n\nhandle_cast(_")
    project.replace(f"{sources}counter_sup.erl", "one_for_one", "rest_for_one")
    project.replace(f"{sources}counter_app.erl", "stop(_State) -> ok", "stop(_) -> stopped")
    return project


@pytest.mark.rebar3
def test_an_erlang_server_that_gets_its_first_code_change_is_asked_for_it(counter, tmp_path):
    project = counter.copy(tmp_path)
    project.build("2")
    up, down = project.relup("1")
    assert {"{code_change,up,[{counter,[]}]}", "{code_change,up,[{counter_sup,[]}]}"} == set(up.of("code_change"))
    assert set(up.of("suspend")) == {"{suspend,[counter]}", "{suspend,[counter_sup]}"}
    assert up.modules("load") == down.modules("load")[::-1]
    assert project.verdict("1") == ["hot"]


OWN = r'{"2.0.0",[{<<"2\\.[0-9]+\\.0">>,[%s]}],[{<<"2\\..*">>,[%s]}]}.'
ALL = "{update,counter,{advanced,[mine]}},{update,counter_sup,supervisor},{load_module,counter_app}"


@pytest.mark.rebar3
def test_an_appup_of_the_project_with_a_pattern_wins(counter, tmp_path):
    project = counter.copy(tmp_path)
    project.write("rel/appups/counter.appup", OWN % (ALL, ALL))
    project.build("2")
    up, down = project.relup("1")
    assert "{code_change,up,[{counter,[mine]}]}" in up.own
    assert "{code_change,down,[{counter,[mine]}]}" in down.own
    assert "{load,{counter_app,brutal_purge,brutal_purge}}" in up.own
    version = project.versions()["counter"]
    appup = parse_appup((project.tree / f"lib/counter-{version}/ebin/counter.appup").read_bytes(), file="x")
    assert (appup.version, appup.up[0].version) == (version, rb"2\.[0-9]+\.0")


@pytest.mark.rebar3
def test_an_appup_of_the_project_that_leaves_a_module_out_is_an_error(counter, tmp_path):
    project = counter.copy(tmp_path)
    project.write("rel/appups/counter.appup", OWN % (ALL, "{load_module,counter_app}"))
    err = project.fail("2").replace("\n", " ")
    assert "the appup of counter leaves out what changes on the way down" in err
    assert "counter (code_change), counter_sup (supervisor)" in err


@pytest.mark.rebar3
def test_an_appup_that_names_what_does_not_change_is_refused_by_systools(counter, tmp_path):
    project = counter.copy(tmp_path)
    project.write("rel/appups/counter.appup", OWN % (ALL + ",{load_module,nowhere}", ALL))
    err = project.fail("2").replace("\n", " ")
    assert "systools makes no relup from 1 to 2: No such module: nowhere" in err
