"""A script that leaves something out is found out."""

from __future__ import annotations

import pytest

from dray.beam.terms import parse_terms
from dray.upgrade.coverage import Wanted, list_left_out

WHOLE = (
    '{load_object_code,{shop,"2",[a,n]}},point_of_no_return,{load,{n,soft_purge,soft_purge}},'
    "{load,{a,soft_purge,soft_purge}},{remove,{x,soft_purge,soft_purge}}"
)
CASES = {
    "nothing": (WHOLE, ()),
    "a load": (WHOLE.replace("{load,{a,soft_purge,soft_purge}},", ""), ("a of shop is not loaded",)),
    "a new module": (WHOLE.replace("{load,{n,soft_purge,soft_purge}},", ""), ("n of shop is not loaded",)),
    "a removal": (WHOLE.replace(",{remove,{x,soft_purge,soft_purge}}", ""), ("x of old is not removed",)),
    "the right version": (
        WHOLE.replace('"2"', '"1"'),
        ("the code of a is not that of shop 2", "the code of n is not that of shop 2"),
    ),
    "the code": (WHOLE.replace("[a,n]", "[n]"), ("the code of a is not that of shop 2",)),
    "what is removed after it was loaded": (
        WHOLE + ",{remove,{a,soft_purge,soft_purge}}",
        ("a of shop is not loaded",),
    ),
}
WANTED = (
    Wanted("shop", "2", frozenset({"a", "n"}), frozenset()),
    Wanted("old", None, frozenset(), frozenset({"x"})),
)


@pytest.mark.parametrize(("script", "missing"), CASES.values(), ids=CASES)
def test_what_is_left_out_is_named(script, missing):
    (terms,) = parse_terms(f"[{script}].")
    assert list_left_out(tuple(terms), WANTED) == missing
