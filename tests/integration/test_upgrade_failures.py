"""Upgrades that fail: the old version runs afterwards, the launcher says so, and a retry works."""

from __future__ import annotations

import re

import pytest

from tests.evolving import SECOND
from tests.upgrades import ask, change, list_versions, require_hot

pytestmark = pytest.mark.beam

BRUTAL = {**SECOND, "rel/config.py": (('else "last")', 'else "last", purge="brutal")'),)}
LINGER = """
Process.register(spawn(Evolving, :linger, []), :lingering)
silent = spawn(fn -> Process.sleep(:infinity) end)
Process.register(spawn(Evolving, :consult, [silent]), :calling)
"""
LINGERING = "Enum.map([:lingering, :calling], &(Process.whereis(&1) != nil))"


@pytest.fixture(scope="module")
def node(second, installed_once):
    """A system whose upgrades fail one after the other."""
    with installed_once(second).running() as launcher:
        yield launcher


def break_system(node, what):
    ask(node, f'System.put_env("EVOLVING_BREAK", "{what}")')


def require_old(node):
    """Fail unless the old version runs, and can be upgraded when nothing is broken any more."""
    break_system(node, "")
    assert list_versions(node)["0.1.0"].startswith("running, permanent")
    assert ask(node, "is_integer(:sys.get_state(Evolving.Counter))") == "true"
    assert ask(node, "Process.whereis(:worker_one) != nil") == "true"
    assert ask(node, ":code.is_loaded(:dray_node)") == "false"
    assert ask(node, ":persistent_term.get({:dray_node, :plan}, :none)") == ":none"
    assert node("ready").status == 0
    require_hot(node, "0.2.0")
    require_hot(node, "0.1.0")


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("code_change", "Evolving.Counter"),
        ("child three", "child_does_not_start,three"),
        ("status", "a hook of status failed with status 9"),
    ],
)
def test_what_fails_behind_the_point_of_no_return_restarts_the_old_version(node, broken, said):
    break_system(node, broken)
    before = ask(node, "Process.whereis(:kernel_sup)")
    done = change(node, "upgrade", "0.2.0")
    assert (done["status"], done["mode"], done["result"]) == (1, "hot", "failed"), done
    assert said in done["error"]
    assert done["error"].endswith("; 0.1.0 runs again, after a restart")
    assert ask(node, "Process.whereis(:kernel_sup)") != before
    require_old(node)


def test_a_hook_of_pre_upgrade_that_fails_leaves_everything_as_it_was(node):
    break_system(node, "pre_upgrade")
    before = ask(node, "Process.whereis(:kernel_sup)")
    done = change(node, "upgrade", "0.2.0")
    assert (done["status"], done["result"]) == (1, "failed")
    assert done["error"] == "a hook of pre_upgrade failed with status 9; 0.1.0 runs as before"
    assert ask(node, "Process.whereis(:kernel_sup)") == before
    require_old(node)


def test_a_hook_of_post_upgrade_that_fails_is_told_and_the_new_version_runs(node):
    break_system(node, "post_upgrade")
    done = change(node, "upgrade", "0.2.0")
    assert (done["status"], done["error"]) == (1, "a hook of post_upgrade failed; 0.2.0 runs")
    assert list_versions(node)["0.2.0"].startswith("running, permanent")
    break_system(node, "")
    require_hot(node, "0.1.0")


def test_configuration_that_cannot_be_computed_leaves_everything_as_it_was(node):
    ask(node, 'System.put_env("EVOLVING_SIZE", "many")')
    done = change(node, "upgrade", "0.2.0")
    ask(node, 'System.delete_env("EVOLVING_SIZE")')
    assert done["status"] == 1
    assert done["error"] == "the configuration of 0.2.0 could not be computed, as it says above; 0.1.0 runs as before"
    assert "Config provider Config.Reader failed" in done["err"]  # why, a BEAM that ends may not get to print
    require_old(node)


def test_processes_that_linger_in_old_code_stand_against_the_next_upgrade_until_they_end(node):
    ask(node, LINGER)
    require_hot(node, "0.2.0")
    done = change(node, "downgrade", "0.1.0", "--hot")
    assert done["status"] == 1
    reasons = sorted(re.sub(r" \(<[\d.]+>\)", "", reason) for reason in done["reasons"])
    assert reasons == [f"{name} still runs old code of Evolving" for name in ("calling", "lingering")]
    assert ask(node, LINGERING) == "[true, true]"
    ask(node, "{send(:lingering, :end), Process.exit(Process.whereis(:calling), :kill)}")
    require_hot(node, "0.1.0")
    require_old(node)


def test_purged_brutally_old_code_takes_the_processes_with_it_that_linger_there_and_no_others(evolve, installed):
    second = evolve(BRUTAL, version="0.2.1")
    with installed(second).running() as node:
        counter = ask(node, "{Evolving.Counter.next(), Process.whereis(Evolving.Counter)}")
        ask(node, LINGER)
        require_hot(node, "0.2.1")
        assert ask(node, LINGERING) == "[false, false]"
        assert ask(node, "{1, Process.whereis(Evolving.Counter)}") == counter
        ask(node, LINGER)
        require_hot(node, "0.1.0")
        assert ask(node, LINGERING) == "[false, false]"
        assert ask(node, "Evolving.Counter.next()") == "2"


def test_a_process_in_a_long_call_is_named_and_a_restart_takes_it_away(node):
    ask(node, "spawn(fn -> GenServer.call(Evolving.Counter, :wait, :infinity) end)")
    before = ask(node, "[Process.whereis(:evolving_tally), Process.whereis(Evolving.Counter)]")
    done = change(node, "upgrade", "0.2.0", "--hot")
    assert done["status"] == 1
    assert len(done["reasons"]) == 1, f"{done}"
    (reason,) = done["reasons"]
    assert reason.startswith("'Elixir.Evolving.Counter' (<")
    assert reason.endswith("does not answer within 5 s, so it cannot be suspended")
    assert ask(node, "[Process.whereis(:evolving_tally), Process.whereis(Evolving.Counter)]") == before
    done = change(node, "upgrade", "0.2.0")
    assert (done["status"], done["mode"], done["reasons"]) == (0, "restart", [reason])
    require_hot(node, "0.1.0")
    require_old(node)
