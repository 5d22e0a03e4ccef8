"""Upgrades of code and configuration, as a system sees them that goes up and down."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.upgrades import ask, change, require_equal

pytestmark = pytest.mark.beam

QUESTIONS = {
    "counter": "Evolving.Counter.next()",
    "tally": "[:evolving_tally.add(5), :evolving_tally.total()]",
    "door": "[:evolving_door.push(), :sys.get_state(:evolving_door)]",
    "shapes": 'Enum.map([1, 1.0, :a, "a"], &(Evolving.Shape.impl_for(&1) && Evolving.Shape.name(&1)))',
    "consolidated": "Evolving.Shape.__protocol__(:consolidated?)",
    "callbacks": "Enum.sort(Evolving.Shape.__protocol__(:functions))",
    "dependency": "Evolving.answer()",
    "applications": "Enum.sort(for {a, _, _} <- Application.started_applications(), a in [:spare, :extra], do: a)",
    "supervisors": "{Process.whereis(Spare.Supervisor) != nil, Process.whereis(Extra.Supervisor) != nil}",
    "modules": "Enum.map([Spare, Extra, Evolving.Fresh, Evolving.Shape.Atom], &(:code.is_loaded(&1) != false))",
    "priv": "Evolving.note()",
    "greeting": "Evolving.greeting()",
    "config": "Map.new(Application.get_all_env(:evolving))",
    "closure": "Application.fetch_env!(:evolving, :closure).()",
    "process": "System.pid()",
}


def answers(launcher):
    return dict(
        zip(QUESTIONS, json.loads(ask(launcher, f"[{', '.join(map(quoted, QUESTIONS.values()))}]")), strict=True)
    )


def quoted(expression):
    return f"inspect({expression})"


@pytest.fixture(scope="module")
def told(first, second, installed_once):
    """What a system says of itself: as the first version, upgraded, and back; and what the launcher said."""
    with installed_once(second, EVOLVING_TITLE="Ada", EVOLVING_SIZE="5").running() as launcher:
        ask(launcher, "Application.put_env(:evolving, :own, :kept)")
        ask(launcher, "Application.put_env(:evolving, :size, 99)")
        ask(launcher, "Application.put_env(:evolving, :pool, 77)")
        before = answers(launcher)
        up = change(launcher, "upgrade", "0.2.0", EVOLVING_TITLE="Grace", EVOLVING_EXTRA="given")
        after = answers(launcher)
        hooks = Path(launcher.env["RELEASE_TMP"], "hooks").read_text()
        down = change(launcher, "downgrade", "0.1.0")
        back = answers(launcher)
        yield {"before": before, "after": after, "back": back, "up": up, "down": down, "hooks": hooks}


def require(told, question, before, after, back):
    assert [told[when][question] for when in ("before", "after", "back")] == [before, after, back]


def test_it_all_happens_in_the_running_process(told):
    assert told["before"]["process"] == told["after"]["process"] == told["back"]["process"]
    assert [(told[way]["status"], told[way]["mode"]) for way in ("up", "down")] == [(0, "hot")] * 2


def test_an_upgraded_node_is_the_one_that_a_boot_makes(first, second):
    require_equal(first, second)


def test_the_state_of_a_gen_server_changes_its_shape_both_ways(told):
    require(told, "counter", "1", "{:counted, 2}", "3")


def test_an_erlang_gen_server_gains_its_first_code_change(told):
    require(told, "tally", "[:ok, 5]", "[:ok, {:sum, 10}]", "[:ok, 15]")


def test_the_data_of_a_state_machine_changes_its_shape_both_ways(told):
    require(told, "door", "[:open, {:open, 1}]", "[:closed, {:closed, %{pushes: 2}}]", "[:open, {:open, 3}]")


def test_protocols_stay_consolidated_while_implementations_come_go_and_change(told):
    old = '["number", nil, "name", "text"]'
    require(told, "shapes", old, '["whole number", "number", nil, "text"]', old)
    require(told, "consolidated", "true", "true", "true")


def test_a_protocol_itself_changes(told):
    require(told, "callbacks", "[name: 1]", "[corners: 1, name: 1]", "[name: 1]")


def test_a_dependency_changes_under_the_same_version(told):
    require(told, "dependency", "1", "20", "1")


def test_applications_come_and_go(told):
    require(told, "applications", "[:spare]", "[:extra]", "[:spare]")
    require(told, "supervisors", "{true, false}", "{false, true}", "{true, false}")


def test_modules_that_are_gone_are_not_loaded_any_more(told):
    old = "[true, false, false, true]"
    require(told, "modules", old, "[false, true, true, false]", old)


def test_files_of_an_application_come_from_its_new_folder(told):
    require(told, "priv", r'"first\n"', r'"second\n"', r'"first\n"')


def test_configuration_is_computed_with_the_new_code_and_the_running_systems_variables(told):
    config = told["after"]["config"]
    assert 'title: "Ada"' in config
    assert 'extra: "given"' in config
    assert "worker: :moved" in config
    assert "added: :yes" in config
    assert "pool: " not in config
    require(told, "greeting", '"hello"', '"welcome"', '"hello"')


def test_a_value_that_no_file_can_hold_survives(told):
    require(told, "closure", ":made", ":made", ":made")


def test_what_the_system_has_set_for_itself_stays_unless_it_is_configured_otherwise(told):
    assert ("own: :kept" in told["after"]["config"], "size: 50" in told["after"]["config"]) == (True, True)
    assert ("own: :kept" in told["back"]["config"], "size: 5" in told["back"]["config"]) == (True, True)
    assert "pool: 2" in told["back"]["config"]


def test_each_hook_runs_once_with_the_new_version(told):
    assert told["hooks"] == "pre_upgrade 0.2.0\nstatus 0.2.0\npost_upgrade 0.2.0\n"


def test_the_report_says_what_was_done(told):
    assert told["up"]["reasons"] == []
    assert "consolidated protocols: 1 swapped, 0 removed" in told["up"]["did"]
