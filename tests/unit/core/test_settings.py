"""Settings merge as config.exs does, and remember where each value came from."""

from __future__ import annotations

from dray.core.settings import EMPTY
from dray.errors import Location

ONE, TWO = Location("rel/config.py", 1), Location("rel/prod.py", 2)


def test_the_later_value_wins():
    settings = EMPTY.merge("tar", "", {"level": 1}, ONE).merge("tar", "", {"level": 2}, TWO)
    assert settings.section("tar")["level"].value == 2
    assert settings.section("tar")["level"].origin == TWO


def test_dicts_merge_key_by_key():
    settings = EMPTY.merge("shop", "", {"applications": {"a": "permanent", "b": "load"}}, ONE)
    settings = settings.merge("shop", "", {"applications": {"b": "none"}}, TWO)
    assert settings.section("shop")["applications"].value == {"a": "permanent", "b": "none"}


def test_lists_are_replaced():
    settings = EMPTY.merge("shop", "", {"overlays": ["a", "b"]}, ONE).merge("shop", "", {"overlays": ["c"]}, TWO)
    assert settings.section("shop")["overlays"].value == ["c"]


def test_each_value_of_a_dict_keeps_its_own_origin():
    settings = EMPTY.merge("shop", "", {"applications": {"a": "permanent"}}, ONE)
    settings = settings.merge("shop", "", {"applications": {"b": "load"}}, TWO)
    assert [(path, item.origin) for path, item in settings.walk()] == [
        ("shop.applications.a", ONE),
        ("shop.applications.b", TWO),
    ]


def test_parts_of_a_section_do_not_mix():
    settings = EMPTY.merge("fleet", "web", {"hosts": ["w1"]}, ONE).merge("fleet", "db", {"hosts": ["d1"]}, ONE)
    assert settings.section("fleet", "web")["hosts"].value == ["w1"]
    assert settings.section("fleet") == {}
    assert settings.sections == ("fleet",)


def test_a_value_replaces_a_dict_and_a_dict_a_value():
    settings = EMPTY.merge("a", "", {"k": {"x": 1}}, ONE).merge("a", "", {"k": 2}, TWO)
    assert settings.section("a")["k"].value == 2
    settings = settings.merge("a", "", {"k": {"y": 3}}, ONE)
    assert settings.section("a")["k"].value == {"y": 3}
