"""Which release is built: the choices and the refusals of mix release."""

from __future__ import annotations

from pathlib import Path

import pytest

from dray.assemble.definition import (
    choose_definition,
    fill_version,
    override_definition,
    requested_applications,
    resolve_version,
)
from dray.core.project import Commit, Member, Project, ReleaseDefinition, Toolchain
from dray.errors import ProjectError

TOOLS = Toolchain("25", "13.1", Path("/otp"), Path("/otp/lib"), (), "1.14.0", Path("/elixir/bin"))


def project(**given):
    defaults = {
        "kind": "mix",
        "root": Path("/p"),
        "name": "shop",
        "version": "1.0.0",
        "env": "prod",
        "target": "host",
        "build_path": Path("/p/_build/prod"),
        "toolchain": TOOLS,
    }
    return Project(**{**defaults, **given})


UMBRELLA = project(umbrella=True, name="all", members=(Member("a", "1", Path("/a")), Member("b", "1", Path("/b"))))
TWO = project(releases=(ReleaseDefinition("one"), ReleaseDefinition("two")))


def test_a_project_without_releases_is_its_own():
    assert choose_definition(project(), None).name == "shop"


def test_the_only_release_is_the_default():
    assert choose_definition(project(releases=(ReleaseDefinition("one"),)), None).name == "one"


def test_of_several_releases_one_must_be_named_or_default():
    with pytest.raises(ProjectError, match="several releases: one, two"):
        choose_definition(TWO, None)
    assert choose_definition(TWO, "two").name == "two"
    assert choose_definition(project(releases=TWO.releases, default_release="two"), None).name == "two"


def test_an_unknown_release_is_refused_with_the_one_that_was_meant():
    with pytest.raises(ProjectError) as caught:
        choose_definition(TWO, "tow")
    assert caught.value.suggestion() == "two"


def test_a_release_of_drays_own_configuration_need_not_stand_in_mix_exs():
    assert choose_definition(TWO, "three", configured=True).name == "three"
    assert choose_definition(project(), "other", configured=True).name == "other"


def test_a_release_that_nobody_describes_is_refused_and_may_be_a_slip():
    assert choose_definition(project(), "shop").name == "shop"
    with pytest.raises(ProjectError, match="there is no release shpo") as caught:
        choose_definition(project(), "shpo")
    assert caught.value.suggestion() == "shop"


def test_an_umbrella_must_say_what_it_releases():
    with pytest.raises(ProjectError) as caught:
        choose_definition(UMBRELLA, None)
    assert caught.value.hint is not None
    assert "a: :permanent" in caught.value.hint
    with pytest.raises(ProjectError):
        requested_applications(UMBRELLA, ReleaseDefinition("all"))


@pytest.mark.parametrize("name", ["Shop", "1shop", "shop-web", "", "shop\n"])
def test_names_follow_mixs_rule(name):
    with pytest.raises(ProjectError, match="lowercase ASCII letter"):
        choose_definition(project(), name, configured=True)


def test_every_release_has_the_same_first_applications_and_its_own_last():
    assert requested_applications(project(), ReleaseDefinition("shop", applications=(("web", "load"),))) == (
        ("kernel", "permanent"),
        ("stdlib", "permanent"),
        ("elixir", "permanent"),
        ("sasl", "permanent"),
        ("web", "load"),
        ("shop", "permanent"),
    )


def test_what_is_given_replaces_a_default_in_its_own_place():
    found = requested_applications(
        project(), ReleaseDefinition("s", applications=(("shop", "none"), ("sasl", "load")))
    )
    assert found == (
        ("kernel", "permanent"),
        ("stdlib", "permanent"),
        ("elixir", "permanent"),
        ("shop", "none"),
        ("sasl", "load"),
    )


def test_an_erlang_project_has_no_elixir():
    tools = Toolchain("25", "13.1", Path("/otp"), Path("/otp/lib"), ())
    names = [name for name, _ in requested_applications(project(toolchain=tools), ReleaseDefinition("s"))]
    assert names == ["kernel", "stdlib", "sasl", "shop"]


def test_an_unknown_mode_is_refused():
    with pytest.raises(ProjectError) as caught:
        requested_applications(project(), ReleaseDefinition("s", applications=(("web", "permanant"),)))
    assert caught.value.suggestion() == "permanent"


@pytest.mark.parametrize(
    ("pattern", "definition", "expected"),
    [
        (None, None, "1.0.0"),
        (None, "2.0.0", "2.0.0"),
        ("{mix}+{git}", None, "1.0.0+abcdef1"),
        ("{mix}-{env}", "2.0.0", "2.0.0-prod"),
        ("3", None, "3"),
    ],
)
def test_the_version_is_filled_in(pattern, definition, expected):
    facts = project(commit=Commit("abcdef1234", 0, dirty=False))
    assert resolve_version(pattern, facts, ReleaseDefinition("s", version=definition)) == expected


@pytest.mark.parametrize(
    ("pattern", "facts", "message"),
    [
        ("{mix}+{git}", project(), "not kept in git"),
        ("{mx}", project(), "placeholders"),
        (None, project(version=None), "no version"),
        ("a/b", project(), "names a folder"),
        (" 1", project(), "names a folder"),
    ],
)
def test_a_version_that_cannot_be_is_refused(pattern, facts, message):
    with pytest.raises(ProjectError, match=message):
        resolve_version(pattern, facts, ReleaseDefinition("s"))


def test_the_version_of_mix_stays_open_before_the_facts_are_known():
    assert fill_version("{mix}+{env}", None, None, "prod") == "{mix}+prod"


def test_drays_configuration_wins():
    changed = override_definition(ReleaseDefinition("s"), {"path": "/out"}, {"web": "load"})
    assert (changed.path, changed.applications) == ("/out", (("web", "load"),))
