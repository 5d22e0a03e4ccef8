"""Versions: the order that dpkg has; tests/differential asks dpkg itself."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dray.package.debian_version import DebianVersion, compare_versions, parse_version, version_key

ORDERED = ["0~", "0", "0+a", "1~~", "1~~a", "1~", "1~rc1", "1", "1-1", "1-1.1", "1a", "1+b", "1.0.9", "1.0.10", "1:0"]
versions = st.from_regex(r"([0-9]{1,2}:)?[0-9][0-9a-zA-Z.+~]{0,8}(-[0-9a-zA-Z.+~]{1,4})?", fullmatch=True)


def test_versions_have_the_order_of_dpkg():
    assert sorted(set(ORDERED), key=version_key) == ORDERED
    for one, other in itertools.pairwise(ORDERED):
        assert compare_versions(one, other) == -1
        assert compare_versions(other, one) == 1


@pytest.mark.parametrize(("one", "other"), [("1.", "1.0"), ("0:1", "1"), ("1-0", "1"), ("01", "1"), ("1a", "1a0")])
def test_different_texts_can_be_the_same_version(one, other):
    assert compare_versions(one, other) == 0


@given(versions, versions, versions)
def test_the_order_is_one(a, b, c):
    assert compare_versions(a, b) == -compare_versions(b, a)
    if compare_versions(a, b) <= 0 and compare_versions(b, c) <= 0:
        assert compare_versions(a, c) <= 0


def test_a_version_has_three_parts():
    assert parse_version("2:1.0-rc-3") == DebianVersion(2, "1.0-rc", "3")
    assert parse_version("1.0") == DebianVersion(0, "1.0")


@pytest.mark.parametrize(
    "text",
    ["", "v1", "1_0", "a:1", ":1", "1:", "1-", "1.0-1_2", "-1", "9999999999:1", "1 ", "1\n", "²:1", "1é", "1-1:2"],
)
def test_what_is_no_version_is_refused(text):
    with pytest.raises(ValueError, match="version"):
        parse_version(text)
