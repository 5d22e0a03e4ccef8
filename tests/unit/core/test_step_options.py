"""An option's value: default, config, argument, --set; the later one wins."""

from __future__ import annotations

import pytest

from dray import Context, Release, step
from dray.core.settings import EMPTY
from dray.core.step_options import Overrides, parse_overrides, resolve_step
from dray.errors import ConfigError, Location, UsageError

PLACE = Location("rel/config.py", 4)


@step
def pack(release: Release, ctx: Context, name: str = "out", *more: str, level: int = 1) -> Release:
    return release


@step
def needy(release: Release, ctx: Context, path: str) -> Release:
    return release


def value_of(option: str, resolved):
    return next(setting for found, setting in resolved.settings if found.name == option)


def test_the_default_is_the_last_resort():
    assert value_of("level", resolve_step(pack(), EMPTY, Overrides())).value == 1


def test_config_wins_over_the_default():
    settings = EMPTY.merge("pack", "", {"level": 2}, PLACE)
    found = value_of("level", resolve_step(pack(), settings, Overrides()))
    assert (found.value, found.origin) == (2, PLACE)


def test_the_argument_wins_over_config():
    settings = EMPTY.merge("pack", "", {"level": 2}, PLACE)
    assert value_of("level", resolve_step(pack(level=3), settings, Overrides())).value == 3


def test_the_command_line_wins_over_all():
    overrides = parse_overrides(["pack.level=4"], ["pack"])
    found = value_of("level", resolve_step(pack(level=3), EMPTY, overrides))
    assert (found.value, found.origin) == (4, "--set")


def test_positional_and_named_values_are_passed_as_the_function_takes_them():
    resolved = resolve_step(pack("a", "b", "c", level=2), EMPTY, Overrides())
    assert resolved.positional == ("a", "b", "c")
    assert resolved.named == {"level": 2}


def test_no_further_values_are_no_values():
    assert resolve_step(pack("a"), EMPTY, Overrides()).positional == ("a",)


def test_a_missing_option_is_an_error_with_an_example():
    with pytest.raises(ConfigError, match="needs the option path") as caught:
        resolve_step(needy(), EMPTY, Overrides())
    assert caught.value.hint == "needy(path=...)"


def test_an_unknown_key_of_config_is_an_error_at_its_line():
    settings = EMPTY.merge("pack", "", {"levl": 2}, PLACE)
    with pytest.raises(ConfigError) as caught:
        resolve_step(pack(), settings, Overrides())
    assert caught.value.location == PLACE
    assert caught.value.suggestion() == "level"


@pytest.mark.parametrize("text", ["level=1", "pack.level", "=", "pack.=1"])
def test_set_has_one_form(text):
    with pytest.raises(UsageError):
        overrides = parse_overrides([text], ["pack"])
        resolve_step(pack(), EMPTY, overrides)


def test_set_names_a_step_of_the_pipeline():
    with pytest.raises(UsageError) as caught:
        parse_overrides(["pakc.level=1"], ["pack", "release"])
    assert caught.value.suggestion() == "pack"


def test_steps_with_dots_in_their_names_can_be_set():
    assert parse_overrides(["phoenix.digest.x=1"], ["phoenix.digest"]).of("phoenix.digest") == {"x": "1"}


def test_each_of_many_values_is_checked():
    with pytest.raises(ConfigError):
        resolve_step(pack("a", 1), EMPTY, Overrides())  # type: ignore[arg-type]
