"""Upgrades on other machines: Debian 13 (OTP 27, Elixir 1.18) and Debian sid (OTP 29, Elixir 1.20)."""

from __future__ import annotations

import pytest

from tests.evolving import SECOND
from tests.harness import copy_project
from tests.hosts.debian_roots import DebianRoot, find_root
from tests.integration.conftest import install
from tests.upgrades import ask, build_version, require_equal, require_hot

SUITES = [
    pytest.param("trixie", marks=pytest.mark.debian13, id="debian13"),
    pytest.param("sid", marks=pytest.mark.sid, id="sid"),
]
pytestmark = pytest.mark.root


@pytest.fixture(params=SUITES)
def pair(request, tmp_path):
    """The two versions of the project, built on that machine, and the machine."""
    (tmp_path / "shared").mkdir()
    machine = DebianRoot(find_root(request.param), tmp_path / "shared")
    project = copy_project("evolving", machine.shared / "first")
    first = build_version(project, "evolving", "0.1.0", dray=machine.dray)
    return first, first.follow(machine.shared / "second", SECOND, version="0.2.0"), machine


def test_states_children_protocols_and_configuration_change_there_as_here(pair, epmd):
    first, second, machine = pair
    launcher = install(machine.shared / "host", epmd, (first, second), {"EVOLVING_TITLE": "Ada"})
    launcher.shell = machine.prefix
    (machine.shared / "host/run").mkdir()
    with launcher.running():
        assert ask(launcher, "Evolving.Counter.next()") == "1"
        require_hot(launcher, "0.2.0")
        assert ask(launcher, "Evolving.Counter.next()") == "{:counted, 2}"
        assert ask(launcher, "{Evolving.Shape.name(1.0), Evolving.greeting()}") == '{"number", "welcome"}'
        assert ask(launcher, "Application.fetch_env!(:evolving, :title)") == '"Ada"'
        require_hot(launcher, "0.1.0")
        assert ask(launcher, "Evolving.Counter.next()") == "3"
    require_equal(first, second)
