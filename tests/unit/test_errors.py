"""Errors say what happened, where, and what to type next."""

from __future__ import annotations

import pytest

from dray import errors
from dray.cli.render import format_error
from dray.errors import ConfigError, DrayError, Location, find_similar


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.StepError, 1),
        (errors.ToolError, 1),
        (errors.UsageError, 2),
        (errors.ConfigError, 2),
        (errors.ProjectError, 2),
        (errors.IntegrityError, 4),
        (errors.PluginError, 5),
        (errors.BuildInterruptedError, 130),
    ],
)
def test_each_kind_has_its_exit_status(kind, code):
    assert kind("what").exit_code == code
    assert issubclass(kind, DrayError)


def test_an_error_is_rendered_with_its_line_and_a_suggestion(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.py").write_text("one\ntwo = tar(levl=1)\n")
    error = ConfigError(
        "tar has no option 'levl'",
        got="levl",
        choices=("level", "name"),
        location=Location(str(tmp_path / "config.py"), 2),
        hint="look it up: dray show steps",
    )
    assert format_error(error) == [
        "error: tar has no option 'levl'",
        "  config.py:2",
        "  | two = tar(levl=1)",
        "got: levl",
        "hint: did you mean 'level'?",
        "hint: look it up: dray show steps",
    ]


def test_what_a_program_printed_comes_first():
    error = DrayError("it failed", output="one\ntwo")
    assert format_error(error) == ["  | one", "  | two", "error: it failed"]
    assert format_error(error, show_output=False) == ["error: it failed"]


def test_only_the_end_of_a_long_output_is_shown():
    lines = format_error(DrayError("it failed", output="\n".join(map(str, range(100)))))
    assert lines[0] == "  | 70"
    assert len(lines) == 31


def test_two_letters_in_the_wrong_order_are_the_nearest_mistake():
    assert find_similar("prot", ("root", "port")) == "port"
    assert find_similar("levl", ("name", "level")) == "level"
    assert find_similar("something", ("name", "level")) is None
