"""Equal content has the equal version, other content another one."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dray.core.term import Atom
from dray.upgrade.suffix import add_suffix, choose_versions, digest_application, strip_suffix
from tests.unit.upgrade.releases import app, make_beam, make_build

ONE, TWO = ("m", make_beam("m", code=b"one")), ("m", make_beam("m", code=b"two"))


def build(release, /, *modules, **given):
    return make_build(release, apps={"shop": app(*modules, **given)})


def choose(new, *bases):
    return choose_versions(new, bases)


def suffixed(*modules, **given):
    return "0.1.0+" + digest_application(build("1", *modules, **given), "shop")[:6]


VERSIONS = {
    "plain": ("0.1.0", "0.1.0"),
    "with a suffix": ("0.1.0+3f2a9c", "0.1.0"),
    "with build metadata": ("0.1.0+build", "0.1.0+build"),
    "with both": ("0.1.0+build.3f2a9c", "0.1.0+build"),
    "with digits that are part of it": ("1.0.123456", "1.0.123456"),
    "with more than a suffix": ("0.1.0+3f2a9cd", "0.1.0+3f2a9cd"),
}


@pytest.mark.parametrize(("version", "plain"), VERSIONS.values(), ids=VERSIONS)
def test_a_suffix_can_be_taken_off(version, plain):
    assert strip_suffix(version) == plain


@given(st.from_regex(r"\d\.\d\.\d(\+[g-z]{1,8})?", fullmatch=True), st.from_regex(r"[0-9a-f]{64}", fullmatch=True))
def test_what_is_put_on_comes_off(version, digest):
    assert strip_suffix(add_suffix(version, digest)) == version


def test_other_content_under_the_same_version_gets_a_suffix():
    assert choose(build("2", TWO), build("1", ONE)) == {"shop": suffixed(TWO)}


def test_the_suffix_depends_on_the_content_alone():
    assert choose(build("3", TWO), build("1", ONE)) == choose(build("2", TWO), build("0", ONE, "n"))


def test_equal_content_takes_over_the_version_of_the_base():
    base = build("1", TWO, version="0.1.0+abcdef")
    assert choose(build("2", TWO), base) == {"shop": "0.1.0+abcdef"}
    assert choose(build("2", ONE), base) == {"shop": suffixed(ONE)}


def test_equal_content_under_the_same_version_stays():
    assert choose(build("2", ONE), build("1", ONE)) == {}


def test_a_version_that_moved_is_the_authors():
    assert choose(build("2", TWO, version="0.2.0"), build("1", ONE)) == {}
    assert choose(build("2", ONE, version="0.2.0"), build("1", ONE)) == {}


def test_of_several_bases_one_with_the_same_content_is_enough():
    assert choose(build("3", ONE), build("2", TWO, version="0.1.0+abcdef"), build("1", ONE)) == {}


def test_the_runtime_never_gets_a_suffix():
    new, base = (make_build(version, apps={"crypto": app(module)}) for version, module in (("2", TWO), ("1", ONE)))
    assert choose(new, base) == {}


LIKE = {
    "a stripped module": (("m", make_beam("m")), ("m", make_beam("m") + b"Docs\0\0\0\4text"), {}, {}),
    "a compressed module": (("m", make_beam("m")), ("m", gzip.compress(make_beam("m"))), {}, {}),
    "an appup": (ONE, ONE, {}, {"files": {"ebin/shop.appup": b"x"}}),
}


@pytest.mark.parametrize(("one", "other", "given_one", "given_other"), LIKE.values(), ids=LIKE)
def test_like_is_compared_with_like(one, other, given_one, given_other):
    if one[1] != other[1] and other[1][:2] != b"\x1f\x8b":
        size = len(other[1]) - 8
        other = (other[0], other[1][:4] + size.to_bytes(4, "big") + other[1][8:])
    assert choose(build("2", other, **given_other), build("1", one, **given_one)) == {}


UNLIKE = {
    "a module more": ((ONE, "n"), {}),
    "a file": ((ONE,), {"files": {"priv/x": b"x"}}),
    "the environment of the application": ((ONE,), {"more": ((Atom("env"), [(Atom("a"), 1)]),)}),
}


@pytest.mark.parametrize(("modules", "given"), UNLIKE.values(), ids=UNLIKE)
def test_everything_else_counts(modules, given):
    assert choose(build("2", *modules, **given), build("1", ONE)) == {"shop": suffixed(*modules, **given)}
