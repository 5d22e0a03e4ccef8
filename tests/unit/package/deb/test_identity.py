"""Names, versions and architectures, as Debian's policy has them."""

from __future__ import annotations

import pytest

from dray.core.project import Commit
from dray.errors import ConfigError
from dray.package.deb.identity import (
    find_architecture,
    full_version,
    package_name,
    upstream_version,
    validate_maintainer,
    validate_name,
    validate_section,
)
from dray.package.debian_version import version_key

NOON, EVENING = Commit("a" * 40, 1_800_000_000, dirty=False), Commit("b" * 40, 1_800_010_000, dirty=False)


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("1.2.0", "1.2.0"),
        ("1.2.0-rc.1", "1.2.0~rc.1"),
        ("1.2.0-alpha-x", "1.2.0~alpha~x"),
        ("0.1.0+3f2a9c", "0.1.0+20270115080000.3f2a9c"),
        ("1.0.0-rc.1+ci.5", "1.0.0~rc.1+20270115080000.ci.5"),
        ("2024.7", "2024.7"),
    ],
)
def test_a_version_becomes_one_of_debian(version, expected):
    assert upstream_version(version, NOON) == expected


def test_a_version_without_a_commit_keeps_its_build():
    assert upstream_version("0.1.0+3f2a9c") == "0.1.0+3f2a9c"


def test_debian_orders_versions_as_semver_does():
    semver = [
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0-rc.1",
        "1.0.0",
        "1.0.1",
    ]
    keys = [version_key(full_version(upstream_version(version), "1")) for version in semver]
    assert keys == sorted(keys)


def test_a_later_build_of_the_same_version_is_an_upgrade_whatever_its_commit_is_called():
    later, earlier = (full_version(upstream_version(f"1.0.0+{c.short}", c), "1") for c in (EVENING, NOON))
    assert version_key(earlier) < version_key(later)


@pytest.mark.parametrize(
    ("upstream", "revision"), [("v1", "1"), ("x:2", "1"), ("1.0", "1_2"), ("1 0", "1"), ("1", "")]
)
def test_a_version_that_breaks_the_rules_is_refused(upstream, revision):
    with pytest.raises(ConfigError, match="deb-version"):
        full_version(upstream, revision)


def test_names_of_releases_become_names_of_packages():
    assert package_name("Shop_web") == "shop-web"
    assert validate_name("shop-web") == "shop-web"


@pytest.mark.parametrize("name", ["a", "Shop", "shop_web", "-shop", "shöp", "shop/web", ""])
def test_a_name_that_breaks_the_policy_is_refused(name):
    with pytest.raises(ConfigError, match=r"Debian Policy 5\.6\.1"):
        validate_name(name)


@pytest.mark.parametrize("person", ["Ann", "ann@shop.example", "Ann <ann>", "Ann <a@b> x", "A\nB <a@b.c>"])
def test_a_maintainer_has_a_name_and_an_address(person):
    with pytest.raises(ConfigError, match=r"Debian Policy 5\.6\.2"):
        validate_maintainer(person)
    assert validate_maintainer("Ann Shop <ann@shop.example>") == "Ann Shop <ann@shop.example>"


def test_a_section_is_one_of_debians_and_a_slip_is_recognised():
    assert validate_section("web") == "web"
    assert validate_section("non-free/web") == "non-free/web"
    with pytest.raises(ConfigError) as caught:
        validate_section("wbe")
    assert caught.value.suggestion() == "web"


def test_the_architecture_follows_from_the_machine_code():
    assert find_architecture(frozenset()) == "all"
    assert find_architecture(frozenset({"aarch64"})) == "arm64"
    for cpus in ({"x86_64", "aarch64"}, {"vax"}):
        with pytest.raises(ConfigError, match="one CPU"):
            find_architecture(frozenset(cpus))
