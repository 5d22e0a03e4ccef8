"""What an upgrade cannot do in a running system is said when it is built, with the reason, and done by a restart."""

from __future__ import annotations

import json

import pytest

from tests.harness import copy_project
from tests.upgrades import ask, build_version, change_project, list_versions, rehearse, require_equal

pytestmark = pytest.mark.beam

BARE = {
    "vendor/spare/lib/spare.ex": (
        (
            "Supervisor.start_link([{Agent, fn -> :spare end}], strategy: :one_for_one, name: Spare.Supervisor)",
            "Agent.start_link(fn -> :spare end, name: Spare.Bare)",
        ),
    )
}
STATE = {"lib/evolving/counter.ex": (("do: {:ok, count}", "do: {:ok, 1 * count}"),)}
NO_STATE = {"lib/evolving.ex": (("Helper.answer()", "2 * Helper.answer()"),)}
PIPELINE = """import os

from dray.steps import assemble, release, upgrade

bases = os.environ.get("BASES")

build = release() | assemble() | upgrade(bases.split(":") if bases else "last")
"""


def test_an_application_without_a_supervisor_stands_against_the_suspension_of_processes_alone(first, evolve):
    bare = evolve(BARE, version="0.1.1")
    loaded = evolve(NO_STATE, version="0.1.2", after=bare)
    assert loaded.verdicts == {"0.1.1": ["hot"]}
    require_equal(bare, loaded)
    suspended = evolve(STATE, version="0.1.3", after=bare)
    (verdict, reason) = suspended.verdicts["0.1.1"]
    assert verdict == "restart"
    assert reason.startswith("the application spare has no top supervisor")
    report = rehearse(bare, suspended)
    assert (report["up"]["mode"], report["equal"]) == ("restart", True), report


def test_a_changed_nif_is_a_restart(tmp_path):
    project = copy_project("nif", tmp_path / "one")
    change_project(project, {"rel/config.py": PIPELINE})
    one = build_version(project, "native", "1")
    two = one.follow(tmp_path / "two", {"adder/lib/adder.ex": (("def ", "def version, do: 2\n  def "),)}, version="2")
    (verdict, reason) = two.verdicts["1"]
    assert (verdict, reason) == ("restart", "adder: Adder loads machine code, which a node does once")


def test_a_supervisor_of_another_kind_is_a_restart(evolve):
    other = (
        (
            "    Supervisor.start_link(children, strategy: :one_for_one, name: Evolving.Supervisor)",
            "    :supervisor.start_link({:local, Evolving.Supervisor}, Evolving.Team, children)",
        ),
    )
    second = evolve({"lib/evolving/application.ex": other})
    (verdict, reason) = second.verdicts["0.1.0"]
    assert verdict == "restart"
    assert reason.startswith("evolving: its children cannot be told beforehand")


LOWER = (("defmodule", "# A comment.\n\ndefmodule"),)
SAME_CODE = {
    "stripped in one version only": {
        "rel/config.py": (('release("evolving")', 'release("evolving", strip_beams=False)'),)
    },
    "moved down by a comment": {"lib/evolving.ex": LOWER, "lib/evolving/counter.ex": LOWER},
}


@pytest.mark.parametrize("changes", SAME_CODE.values(), ids=SAME_CODE)
def test_code_that_is_the_same_in_another_file_is_no_change(changes, first, evolve):
    second = evolve(changes)
    manifest = json.loads((second.tree / "releases/0.2.0/manifest.json").read_text())
    (upgrade,) = manifest["upgrades"]
    assert (upgrade["verdict"], upgrade["reasons"]) == ("hot", [])
    assert [text for text in upgrade["changes"] if ": load" in text or "code_change" in text] == []
    require_equal(first, second)


def test_a_rehearsal_that_finds_a_difference_says_which_and_fails(first, evolve):
    noted = "Application.put_env(:evolving, :begun, true)"
    second = evolve({"lib/evolving/application.ex": (("    children = [", f"    {noted}\n    children = ["),)})
    report = rehearse(first, second)
    assert not report["equal"]
    (difference,) = report["up"]["differences"]
    assert difference.startswith("environment of evolving: ")


def test_an_upgrade_of_a_system_that_cannot_be_asked_is_left_to_its_next_start(second, installed):
    launcher = installed(second)
    done = launcher("upgrade", "0.2.0", env={"RELEASE_DISTRIBUTION": "none"})
    said = "evolving has no distribution and cannot be asked; its next start starts 0.2.0\n"
    assert (done.status, done.out) == (0, said), done.err
    assert list_versions(launcher)["0.2.0"].startswith("permanent")
    with launcher.running():
        assert ask(launcher, "Evolving.note()") == r'"second\n"'
