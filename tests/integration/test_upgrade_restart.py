"""Upgrades by a restart: of systems in the background and of those that a service manager starts again."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess

import pytest

from tests.harness import wait_for
from tests.upgrades import ask, change, list_versions, require_hot

pytestmark = pytest.mark.beam

# What a service manager does: a system that ends with another status than 0 is started again.
SUPERVISOR = """#!/bin/sh
while :; do
  . "$1"
  "$2" start && exit 0
done
"""


@pytest.fixture(params=["daemon", "supervised"])
def system(request, second, installed, tmp_path):
    """A system that runs in the background, or below a service manager; the file of its variables."""
    variables = tmp_path / "variables.sh"
    variables.write_text("")
    launcher = installed(second, RELEASE_START_TIMEOUT="20")
    if request.param == "daemon":
        with launcher.running():
            yield launcher, variables
        return
    (tmp_path / "supervisor").write_text(SUPERVISOR)
    argv = ("sh", tmp_path / "supervisor", variables, launcher.tree / "bin/evolving")
    with (tmp_path / "supervisor.log").open("wb") as log:
        process = subprocess.Popen(
            argv, env={**os.environ, **launcher.env}, stdout=log, stderr=log, start_new_session=True
        )
    try:
        wait_for(lambda: launcher("ready").status == 0, "the system to be ready")
        yield launcher, variables
    finally:
        launcher("stop")
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        launcher.end_unreachable()


def test_a_restart_takes_a_system_to_the_new_version_and_back(system):
    launcher, _ = system
    for version in ("0.2.0", "0.1.0"):
        before = ask(launcher, "System.pid()")
        done = change(launcher, "upgrade", version, "--restart")
        assert (done["status"], done["mode"], done["reasons"]) == (0, "restart", ["asked for: --restart"]), done[
            "err"
        ]
        assert list_versions(launcher)[version].startswith("running, permanent")
        assert ask(launcher, "System.pid()") != before
        assert not (launcher.tree.parent / "run/trial").exists()
    require_hot(launcher, "0.2.0")


def test_a_version_that_does_not_start_gives_way_to_the_old_one(system):
    launcher, variables = system
    variables.write_text("export EVOLVING_BREAK='child three'\n")
    ask(launcher, 'System.put_env("EVOLVING_BREAK", "child three")')
    done = change(launcher, "upgrade", "0.2.0", "--restart")
    assert done["status"] == 1
    assert done["error"] == "0.2.0 did not start, or was not healthy; 0.1.0 runs again"
    assert list_versions(launcher)["0.1.0"] == "running, permanent"
    assert launcher("ready").status == 0


def test_a_version_that_is_not_healthy_gives_way_to_the_old_one(system):
    launcher, variables = system
    variables.write_text("export EVOLVING_BREAK=status\n")
    ask(launcher, 'System.put_env("EVOLVING_BREAK", "status")')
    done = change(launcher, "upgrade", "0.2.0", "--restart")
    assert done["status"] == 1
    assert done["error"] == "0.2.0 did not start, or was not healthy; 0.1.0 runs again"
    assert list_versions(launcher)["0.1.0"] == "running, permanent"


STEPS = ["trial", "stopped", "healthy", "permanent"]


@pytest.fixture
def come_back(system, request):
    """Return a function that waits until the system is there again; nobody else starts one in the background."""
    launcher, _ = system
    is_daemon = request.node.callspec.params["system"] == "daemon"

    def wait():
        if is_daemon and launcher("ping").status != 0:
            assert launcher("daemon").status == 0
        wait_for(lambda: launcher("ready").status == 0, "the system to be ready")

    return wait


def find_running(launcher):
    (running,) = [version for version, notes in list_versions(launcher).items() if "running" in notes]
    return running


@pytest.mark.parametrize("step", STEPS)
def test_a_restart_whose_launcher_is_killed_leaves_a_system_that_runs_whole_after_a_start(
    system, step, come_back, require_fresh
):
    launcher, _ = system
    done = launcher("upgrade", "0.2.0", "--restart", env={"DRAY_STOP_AT": f"{step} launcher"})
    assert done.status == -signal.SIGKILL
    come_back()
    running = find_running(launcher)
    # A service manager may be faster than the launcher that is killed.
    if step != "stopped":
        assert running == ("0.1.0" if step == "trial" else "0.2.0")
    require_fresh(launcher, running)
    require_finished(launcher, require_fresh)


@pytest.mark.parametrize("step", STEPS)
def test_a_restart_whose_system_is_killed_leaves_one_version_whole_and_the_same_command_finishes_it(
    system, step, come_back, require_fresh
):
    launcher, _ = system
    done = change(launcher, "upgrade", "0.2.0", "--restart", DRAY_STOP_AT=f"{step} node")
    if step in {"trial", "stopped"}:
        assert (done["status"], done["mode"]) == (0, "restart"), done["err"]
    elif done["status"] != 0:  # a service manager may have started it again before the launcher looks
        assert done["error"] == "the system went away when it was done; the next start starts 0.2.0", done["err"]
    come_back()
    require_fresh(launcher, find_running(launcher))
    require_finished(launcher, require_fresh)


def require_finished(launcher, require_fresh):
    """Fail unless the same command takes the system to the new version, from where hot upgrades go on."""
    assert change(launcher, "upgrade", "0.2.0", "--restart")["status"] == 0
    assert list_versions(launcher)["0.2.0"].startswith("running, permanent")
    require_fresh(launcher, "0.2.0")
    require_hot(launcher, "0.1.0")
    require_fresh(launcher, "0.1.0")
