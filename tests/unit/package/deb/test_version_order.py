"""Versions are in Debian's order."""

from __future__ import annotations

import itertools

import pytest

from dray.package.deb.version_order import order_version

ASCENDING = ["~", "1.0~~", "1.0~rc1-1", "1.0", "1.0-1~x", "1.0-1", "1.0a", "1.0+b", "1.0.1", "1.2", "1.10", "1:0.9"]


@pytest.mark.parametrize(("lower", "higher"), list(itertools.pairwise(ASCENDING)))
def test_a_version_is_lower_than_the_next(lower, higher):
    assert order_version(lower) < order_version(higher)


@pytest.mark.parametrize(("one", "other"), [("1.0", "0:1.0"), ("1.0", "1.0-0"), ("1.00", "1.0"), ("", "0")])
def test_versions_that_look_different_are_the_same(one, other):
    assert order_version(one) == order_version(other)
