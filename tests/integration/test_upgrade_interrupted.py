"""Upgrades that end in the middle: the system, the driver or the launcher is killed at every step.

Whatever was killed, the system runs one version whole afterwards, or after a start, and the next upgrade works. Whole
is what a rehearsal finds equal to a fresh start.
"""

from __future__ import annotations

import pytest

from tests.harness import wait_for
from tests.upgrades import ask, change, list_versions, require_hot

pytestmark = pytest.mark.beam

BEFORE = ["connected", "planned", "registered", "checked", "hooked", "prepared"]
WITHIN = ["ready", "configured", "stopped", "consolidated", "updated"]
AFTER = ["installed", "verified", "permanent"]
STEPS = [*BEFORE, *WITHIN, *AFTER]


@pytest.fixture(scope="module")
def require_whole(require_fresh):
    """Return a function that fails unless a system is what a version is, and a process has that version's state."""

    def require(launcher, version):
        require_fresh(launcher, version)
        is_counting = "is_integer(:sys.get_state(Evolving.Counter))"
        assert ask(launcher, is_counting) == ("true" if version == "0.1.0" else "false")

    return require


@pytest.fixture(scope="module")
def require_upgrades(require_whole):
    """Return a function that fails unless a system can be taken from a version to the other one and back, all hot."""

    def require(launcher, version):
        for target in ("0.2.0" if version == "0.1.0" else "0.1.0", version):
            require_hot(launcher, target)
            require_whole(launcher, target)

    return require


@pytest.fixture(scope="module")
def node(second, installed_once):
    """A system that goes through all of it, and starts again where it was killed."""
    with installed_once(second).running() as launcher:
        yield launcher


@pytest.mark.parametrize("step", STEPS)
def test_a_system_that_is_killed_in_the_middle_is_whole_after_a_start(node, step, require_whole, require_upgrades):
    done = node("upgrade", "0.2.0", env={"DRAY_STOP_AT": f"{step} node"})
    assert done.status != 0, done
    if node("ping").status != 0:
        assert node("daemon").status == 0
        wait_for(lambda: node("ready").status == 0, "the system to be ready")
    version = "0.2.0" if step == "permanent" else "0.1.0"
    require_whole(node, version)
    require_upgrades(node, version)
    if version == "0.2.0":
        require_hot(node, "0.1.0")


@pytest.mark.parametrize("who", ["driver", "launcher"])
@pytest.mark.parametrize("step", STEPS)
def test_a_system_outlives_the_upgrade_that_is_killed_in_the_middle(node, step, who, require_whole):
    pid = ask(node, "System.pid()")
    done = node("upgrade", "0.2.0", env={"DRAY_STOP_AT": f"{step} {who}"})
    assert done.status != 0, done
    done = change(node, "upgrade", "0.2.0", "--hot")
    assert done["status"] == 0, done
    require_whole(node, "0.2.0")
    assert list_versions(node)["0.2.0"].startswith("running, permanent")
    require_hot(node, "0.1.0")
    require_whole(node, "0.1.0")
    assert ask(node, "System.pid()") == pid
