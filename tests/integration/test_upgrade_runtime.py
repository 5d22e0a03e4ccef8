"""Upgrades to another runtime, which a running node cannot change: by a restart, with the reason, and back."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.evolving import SECOND
from tests.harness import copy_project, dray
from tests.hosts.debian_roots import DebianRoot, find_root
from tests.integration.conftest import install
from tests.upgrades import Version, ask, build_version, change, change_project, list_versions, require_equal

pytestmark = pytest.mark.beam

RUNTIME = "{System.version(), Application.spec(:elixir, :vsn), :erlang.system_info(:version)}"
STATE = "{Evolving.note(), Evolving.Shape.name(1)}"


def build_second(old, target, run_dray):
    """Build the next version with another runtime, nothing compiled yet."""
    project = copy_project("evolving", target)
    change_project(project, SECOND)
    return build_version(project, old.name, "0.2.0", (old,), pack=True, dray=run_dray)


def copy_elixir(target):
    """Copy this machine's Elixir, as one of another version."""
    shutil.copytree(Path(shutil.which("elixir")).resolve().parent.parent, target, symlinks=True)
    for file in target.glob("lib/*/ebin/*.app"):
        file.write_text(re.sub(r'\{vsn, *"1\.(\d+)\.\d+"', r'{vsn,"1.\1.99"', file.read_text()))
    return target


@pytest.fixture
def other_elixir(first, tmp_path):
    """The first version, and the second one with another Elixir on the same Erlang/OTP."""
    path = f"{copy_elixir(tmp_path / 'elixir')}/bin:{os.environ['PATH']}"

    def with_elixir(*arguments, cwd, env=None):
        return dray(*arguments, cwd=cwd, env={**(env or {}), "PATH": path})

    return first, build_second(first, tmp_path / "second", with_elixir), ()


@pytest.fixture
def other_otp(first, tmp_path):
    """The first version, and the second one with Erlang/OTP and Elixir of Debian 13, where both run."""
    shared = tmp_path / "shared"
    machine = DebianRoot(find_root("trixie"), shared)
    old = replace(first, project=shutil.copytree(first.project, shared / "first", symlinks=True), dray=machine.dray)
    return old, build_second(old, shared / "second", machine.dray), machine.prefix


@pytest.fixture(
    params=[
        "other_elixir",
        pytest.param("other_otp", marks=[pytest.mark.root, pytest.mark.debian13]),
    ]
)
def pair(request) -> tuple[Version, Version, tuple[str, ...]]:
    """Two versions with different runtimes, and what runs a command on the machine where both run."""
    return request.getfixturevalue(request.param)


def test_another_runtime_is_a_restart_with_its_reason_there_and_back(pair, epmd):
    first, second, shell = pair
    (verdict, *reasons) = second.verdicts["0.1.0"]
    found = {reason.split()[0] for reason in reasons if reason.endswith(": a node cannot change its runtime")}
    assert (verdict, found) == ("restart", {"ERTS", "OTP", "Elixir"} if shell else {"Elixir"})
    launcher = install(second.project.parent / "host", epmd, (first,), {})
    launcher.shell = shell
    with launcher.running():
        pid, before, state = (ask(launcher, question) for question in ("System.pid()", RUNTIME, STATE))
        done = change(launcher, "upgrade", str(second.archive), "--hot")
        assert (done["status"], done["mode"], done["result"]) == (1, "restart", "failed"), done
        assert done["reasons"] == reasons
        assert done["error"] == "it cannot be done without a restart, as --hot wants it; 0.1.0 runs as before"
        assert ask(launcher, "System.pid()") == pid
        done = change(launcher, "upgrade", "0.2.0")
        assert (done["status"], done["mode"], done["reasons"]) == (0, "restart", reasons), done["err"]
        assert list_versions(launcher)["0.2.0"].startswith("running, permanent")
        assert ask(launcher, RUNTIME) != before
        assert ask(launcher, STATE) == r'{"second\n", "whole number"}'
        done = change(launcher, "downgrade", "0.1.0")
        assert (done["status"], done["mode"], done["reasons"]) == (0, "restart", reasons), done["err"]
        assert list_versions(launcher)["0.1.0"].startswith("running, permanent")
        assert (ask(launcher, RUNTIME), ask(launcher, STATE)) == (before, state)


def test_a_restart_with_another_runtime_is_rehearsed(pair):
    first, second, _ = pair
    require_equal(first, second, mode="restart")
