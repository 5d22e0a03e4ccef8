"""A first look says that a BEAM is needed only where the second one finds the same."""

from __future__ import annotations

import json
import os
import time

import pytest

from dray._version import __version__
from dray.project.first_look import is_outdated, start_if_needed
from dray.project.snapshot import take_snapshot

BUILD = ("build", "--quiet")


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project, the facts of which are kept."""
    (tmp_path / "mix.exs").write_text("mix")
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/a.ex").write_text("one")
    (tmp_path / "lib/link").symlink_to("a.ex")
    monkeypatch.chdir(tmp_path)
    keep(tmp_path, "shop")
    return tmp_path


@pytest.fixture
def start(tmp_path_factory):
    """Start a program named elixir, which writes down what it was called with."""
    programs = tmp_path_factory.mktemp("programs")
    (programs / "elixir").write_text('#!/bin/sh\nprintf "%s\\n" "$@" > "$OUT"; cat "$DRAY_GATE" >> "$OUT"\n')
    (programs / "elixir").chmod(0o755)
    started = []

    def start(*arguments, **variables):
        environ = {"PATH": f"{programs}:{os.environ['PATH']}", "OUT": str(programs / "out"), **variables}
        ahead = start_if_needed(arguments, environ)
        if ahead is not None:
            started.append(ahead)
        return ahead is not None

    yield start
    for ahead in started:
        ahead.end()


def index_of(root, name):
    return root / f"_build/prod/.dray/facts-{name}.json"


def keep(root, name, **changes):
    taken = take_snapshot([root], moment=time.time_ns())
    index_of(root, name).parent.mkdir(parents=True, exist_ok=True)
    kept = {"for": [__version__, str(root)], "sources": taken.settle(taken).to_json(), **changes}
    index_of(root, name).write_text(json.dumps(kept))


def test_nothing_has_changed(project, start):
    assert not is_outdated(str(index_of(project, "shop")), str(project))
    assert not start(*BUILD)


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "lib/a.ex").write_text("two two"),
        lambda root: os.utime(root / "lib/a.ex", (1, 1)),
        lambda root: (root / "lib/a.ex").unlink(),
        lambda root: ((root / "lib/link").unlink(), (root / "lib/link").write_text("one")),
        lambda root: index_of(root, "shop").write_text("damaged"),
        lambda root: index_of(root, "shop").write_text("[]"),
        lambda root: index_of(root, "shop").unlink(),
        lambda root: keep(root, "shop", **{"for": ["0", str(root)]}),
    ],
    ids=["content", "time", "gone", "no link", "damaged", "other JSON", "no facts", "another version"],
)
def test_a_change_needs_a_beam(project, start, change):
    change(project)
    assert start(*BUILD)


def test_facts_of_one_release_that_are_right_may_be_all_that_is_needed(project, start):
    (project / "lib/a.ex").write_text("two")
    keep(project, "other")
    assert not start(*BUILD)


@pytest.mark.parametrize(
    "arguments",
    [(), ("show", "facts"), ("plan",), ("build", "--help"), ("build", "-q", "--dry-run")],
    ids=" ".join,
)
def test_other_commands_start_nothing(project, start, arguments):
    index_of(project, "shop").unlink()
    assert not start(*arguments)


def test_a_folder_without_a_project_of_mix_starts_nothing(project, start):
    index_of(project, "shop").unlink()
    (project / "mix.exs").unlink()
    assert not start(*BUILD)


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        (BUILD, {"MIX_ENV": "staging"}),
        ((*BUILD, "--env", "staging"), {}),
        (("run", "--env=staging", "deploy"), {"MIX_ENV": "prod"}),
    ],
    ids=["variable", "option", "option and variable"],
)
def test_each_environment_has_facts_of_its_own(project, start, arguments, variables):
    assert start(*arguments, **variables)


def test_an_option_without_a_value_is_left_to_who_says_so(project, start):
    assert not start("build", "--env")
