"""Which releases are packaged together: the same for each build, and an error where it would not be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dray.core.project import ReleaseDefinition, StripOptions
from dray.errors import ConfigError
from tests.unit.package.deb.umbrella import FRONT, STORE, Umbrella


@pytest.fixture
def umbrella(tmp_path):
    return Umbrella(tmp_path)


def named(group):
    return [(member.release.name, member.package, member.version) for member in group.members]


def test_the_releases_of_the_project_belong_together(umbrella):
    group = umbrella.group(umbrella.describe("front"))
    assert group.package == "whole"
    assert group.own.release.name == "front"
    assert named(group) == [("front", "front", "1.0-1"), ("store", "store", "1.0-1")]


def test_a_release_of_the_configuration_belongs_to_them(umbrella):
    umbrella.configure("till_2", applications={"shop": "permanent"})
    umbrella.configure("tar", level=9)
    assert [name for name, _, _ in named(umbrella.group(umbrella.describe("front")))] == ["front", "store", "till_2"]


def test_a_map_says_which_they_are_and_names_their_packages(umbrella):
    group = umbrella.group(umbrella.describe("front"), split={"front": "whole-front", "store": "whole-store"})
    assert [package for _, package, _ in named(group)] == ["whole-front", "whole-store"]
    alone = umbrella.group(umbrella.describe("front"), split={"front": "whole-front"}, project=None)
    assert (alone.has_several, alone.package) == (False, "shop")
    with pytest.raises(ConfigError, match="split names the releases") as caught:
        umbrella.group(umbrella.describe("store"), split={"front": "whole-front"})
    assert (caught.value.got, caught.value.choices) == ("store", ("front",))


def test_both_builds_come_to_the_same_group(umbrella):
    front, store = (umbrella.group(umbrella.describe(name)) for name in ("front", "store"))
    assert front.members == store.members
    assert front.list_shared() == store.list_shared()
    assert [app.name for app in front.list_shared()] == [
        *("compiler", "crypto", "elixir", "iex", "kernel", "sasl", "stdlib"),
    ]
    assert [item.path.name for item in front.list_inputs()] == ["crypto-1.0"]
    assert store.list_inputs() == ()


def test_releases_that_are_stripped_otherwise_share_nothing(umbrella):
    umbrella.releases = (FRONT, replace(STORE, strip=StripOptions()))
    assert "crypto" not in [app.name for app in umbrella.group(umbrella.describe("front")).list_shared()]


def test_the_version_that_is_set_for_all_packages_counts(umbrella):
    umbrella.releases = (FRONT, replace(STORE, version="7.0"))
    with pytest.raises(ConfigError, match="have one version") as caught:
        umbrella.group(umbrella.describe("front"))
    assert caught.value.got == "front 1.0-1, store 7.0-1"
    assert {row[2] for row in named(umbrella.group(umbrella.describe("front"), version="3", revision="2"))} == {"3-2"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param({"version": "2.0"}, "another version of front: 1.0-1", id="version"),
        pytest.param({"applications": {"shop": "permanent", "crypto": "load"}}, "applications", id="applications"),
        pytest.param({"strip_beams": True}, "another strip_beams of front: None", id="strip_beams"),
    ],
)
def test_what_only_the_pipeline_says_is_refused_since_other_builds_do_not_know_it(umbrella, given, message):
    with pytest.raises(ConfigError, match=message) as caught:
        umbrella.group(umbrella.describe("front", **given))
    assert 'config("front", ' in caught.value.hint
    umbrella.configure("front", **given)
    if "version" not in given:
        umbrella.group(umbrella.describe("front", **given))


def test_a_value_of_the_wrong_type_in_the_configuration_of_another_release_is_named(umbrella):
    umbrella.configure("store", applications=["shop"])
    with pytest.raises(ConfigError, match="store: applications"):
        umbrella.group(umbrella.describe("front"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"name": "front"}, "name is of one package", id="name"),
        pytest.param({"project": "front"}, "front is the package of the release front", id="metapackage"),
        pytest.param(
            {"split": {"front": "one", "store": "one"}}, "front and store both want the package one", id="one"
        ),
        pytest.param({"split": {"front": "Front"}}, "Debian Policy 5.6.1", id="policy"),
        pytest.param({"project": "a"}, "Debian Policy 5.6.1", id="project"),
    ],
)
def test_names_that_clash_are_refused(umbrella, changes, message):
    with pytest.raises(ConfigError, match=message):
        umbrella.group(umbrella.describe("front"), **changes)


def test_a_single_release_may_be_called_as_the_project(umbrella):
    umbrella.releases = (FRONT,)
    group = umbrella.group(umbrella.describe("front"), project="front")
    assert (group.has_several, group.own.package) == (False, "front")
    assert umbrella.group(umbrella.describe("front"), name="other").own.package == "other"


def test_a_release_without_a_runtime_has_none_to_share(umbrella):
    umbrella.releases = (replace(FRONT, include_erts=False), STORE)
    with pytest.raises(ConfigError, match="split takes the runtime out"):
        umbrella.group(umbrella.describe("front"))
    group = umbrella.group(umbrella.describe("store"))
    assert [name for name, _, _ in named(group)] == ["front", "store"]


def test_a_release_that_cannot_be_built_is_an_error_in_each_build(umbrella):
    umbrella.releases = (FRONT, ReleaseDefinition("store", applications=(("nothing", "permanent"),)))
    with pytest.raises(Exception, match="there is no application nothing"):
        umbrella.group(umbrella.describe("front"))
