"""Modules come after those that they use."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dray.upgrade.order import order_modules

CASES = {
    "none": ({}, ()),
    "by name where nothing is used": ({"b": (), "a": ()}, ("a", "b")),
    "used ones first": ({"a": ("b",), "b": ("c",), "c": ()}, ("c", "b", "a")),
    "others do not count": ({"a": ("lists",)}, ("a",)),
    "a module that uses itself": ({"a": ("a",)}, ("a",)),
    "a circle": ({"a": ("b",), "b": ("a",), "c": ("b",)}, ("b", "a", "c")),
}


@pytest.mark.parametrize(("uses", "ordered"), CASES.values(), ids=CASES)
def test_modules_are_ordered(uses, ordered):
    assert order_modules(uses) == ordered


NAMES = st.sampled_from("abcdefgh")


@given(st.dictionaries(NAMES, st.frozensets(NAMES, max_size=4)))
def test_every_module_is_there_once(uses):
    assert sorted(order_modules(uses)) == sorted(uses)


@given(st.dictionaries(NAMES, st.frozensets(NAMES, max_size=4)))
def test_without_circles_all_that_a_module_uses_is_before_it(uses):
    smaller = {name: {other for other in used if other < name} for name, used in uses.items()}
    ordered = order_modules(smaller)
    for name, used in smaller.items():
        for other in used & smaller.keys():
            assert ordered.index(other) < ordered.index(name)


def test_a_long_chain_is_no_matter():
    chain = {f"m{number:05}": (f"m{number + 1:05}",) for number in range(5000)}
    assert order_modules(chain)[0] == "m04999"
