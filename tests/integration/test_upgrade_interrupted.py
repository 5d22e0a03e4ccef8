"""Upgrades that end in the middle: the system, the driver or the launcher is killed at every step.

Whatever was killed, the system runs one version whole afterwards, or after a start, and the next upgrade works.
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
WHOLE = {
    "0.1.0": "{[:one, :settled, :two], true}",
    "0.2.0": "{[:moved, :three, :two], false}",
}
LOOK = (
    "{(for {n, _, _, [Evolving.Worker]} <- Supervisor.which_children(Evolving.Supervisor), do: n) |> Enum.sort(),"
    " is_integer(:sys.get_state(Evolving.Counter))}"
)


def require_whole(launcher, version):
    """Fail unless the system is what a version is: its children, its code, its variables, its helpers gone."""
    assert ask(launcher, LOOK) == WHOLE[version]
    assert ask(launcher, 'System.get_env("RELEASE_VSN")') == f'"{version}"'
    wait_for(lambda: ask(launcher, ":code.is_loaded(:dray_node)") == "false", "the helper to go")
    (running,) = [name for name, notes in list_versions(launcher).items() if "running" in notes]
    assert running == version


def require_upgrades(launcher, version):
    """Fail unless the system can be taken from a version to the other one and back, all in its process."""
    other = "0.2.0" if version == "0.1.0" else "0.1.0"
    for target in (other, version):
        require_hot(launcher, target)
        require_whole(launcher, target)


@pytest.fixture(scope="module")
def node(second, installed_once):
    """A system that goes through all of it, and starts again where it was killed."""
    with installed_once(second).running() as launcher:
        yield launcher


@pytest.mark.parametrize("step", STEPS)
def test_a_system_that_is_killed_in_the_middle_is_whole_after_a_start(node, step):
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
def test_a_system_outlives_the_upgrade_that_is_killed_in_the_middle(node, step, who):
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
