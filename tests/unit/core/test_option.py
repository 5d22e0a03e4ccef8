"""What a step's function says of its options is what values are checked against."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest

from dray.core.option import Option, describe, fits, parse_text, read_options, show_value, validate_value
from dray.core.secret import Secret
from dray.errors import ConfigError, Location

TABLE = [
    (str, "a", 1, "a string"),
    (int, 3, True, "a whole number"),
    (float, 3, "3", "a number"),
    (bool, True, 1, "True or False"),
    (Path, "a/b", 1, "a path"),
    (str | None, None, 1, "a string"),
    (Literal["a", "b"], "a", "c", "one of 'a', 'b'"),
    (list[str], ["a"], ["a", 1], "a list of a string"),
    (tuple[int, ...], (1, 2), "12", "a list of a whole number"),
    (dict[str, int], {"a": 1}, {"a": "b"}, "a dict of a string to a whole number"),
    (Any, object(), None, "any value"),
]


@pytest.mark.parametrize(("annotation", "good", "bad", "words"), TABLE, ids=[row[3] for row in TABLE])
def test_values_fit_their_type(annotation, good, bad, words):
    assert fits(good, annotation)
    assert annotation is Any or not fits(bad, annotation)
    assert describe(annotation) == words


def test_a_secret_fits_where_text_does():
    secret = Secret("env", "TOKEN")
    assert fits(secret, str)
    assert fits(secret, dict[str, str] | None) is False
    assert fits({"a": secret}, dict[str, str])
    assert not fits(secret, int)


@pytest.mark.parametrize(
    ("text", "annotation", "value"),
    [
        ("9", int, 9),
        ("true", bool, True),
        ("no", bool, False),
        ("a,b", list[str], ("a", "b")),
        ("a=1,b=2", dict[str, int], {"a": 1, "b": 2}),
        ("none", int | None, None),
        ("7", int | None, 7),
        ("x", str | None, "x"),
        ("none", str | None, None),
        ("false", str | bool | None, False),
        ("config/own.exs", str | bool | None, "config/own.exs"),
        ("2.5", float, 2.5),
    ],
)
def test_text_of_the_command_line_is_parsed(text, annotation, value):
    assert parse_text(text, annotation) == value


def test_text_that_does_not_fit_is_refused_with_the_rule_and_what_was_given():
    with pytest.raises(ConfigError, match="tar: level is a whole number") as caught:
        validate_value("much", Option("level", int), owner="tar", origin="--set")
    assert caught.value.got == "'much'"


def test_a_wrong_value_names_the_users_line():
    place = Location("rel/config.py", 7)
    with pytest.raises(ConfigError) as caught:
        validate_value("9", Option("level", int), owner="tar", origin=place)
    assert caught.value.location == place


def test_options_are_read_from_the_function():
    def work(release, ctx, path: str, *rest: str, mode: int = 0, free=None):
        return release

    path, rest, mode, free = read_options(work, skip=2)
    assert (path.name, path.required, path.positional) == ("path", True, True)
    assert (rest.variadic, rest.required) == (True, False)
    assert (mode.default, mode.positional) == (0, False)
    assert free.annotation is Any


def test_a_text_without_pairs_is_no_dict():
    assert parse_text("perhaps", bool | dict[str, str] | None) == "perhaps"
    assert parse_text("a=b,perhaps", dict[str, str]) == "a=b,perhaps"
    assert parse_text("a=b, c=d", dict[str, str]) == {"a": "b", "c": "d"}
    with pytest.raises(ConfigError, match="strip_beams is True or False or a dict"):
        validate_value("perhaps", Option("strip_beams", bool | dict[str, str]), owner="release", origin="--set")


HIDDEN = Option("token", Secret | None)


@pytest.mark.parametrize("origin", [Location("rel/config.py", 7), "--set"], ids=["file", "set"])
def test_a_secret_that_is_written_down_is_refused_and_not_repeated(origin):
    with pytest.raises(ConfigError, match=r'slack: token is env\("NAME"\) or secret\("file:PATH"\)') as caught:
        validate_value("xoxb-hidden", HIDDEN, owner="slack", origin=origin)
    assert "xoxb-hidden" not in repr(vars(caught.value))
    assert caught.value.location in {Location("rel/config.py"), None}  # without the line, which would be shown


def test_a_secret_is_shown_by_its_source_and_text_in_its_place_not_at_all():
    urls = Option("urls", str | Secret, variadic=True)
    assert show_value(Secret("env", "TOKEN"), HIDDEN) == 'env("TOKEN")'
    assert show_value(None, HIDDEN) == "None"
    assert show_value(("mailto://me:password@x.example", "nonsense"), urls) == "('mailto://...', '...')"
    assert show_value("#deploys", Option("channel", str)) == "'#deploys'"
