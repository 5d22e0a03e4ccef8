"""Hypothesis strategies: Erlang terms of all kinds, and modules."""

from __future__ import annotations

import struct

from hypothesis import strategies as st

from dray.core.term import Atom, Bitstring, ExternalFun, ImproperList, Map

_characters = st.characters(codec="utf-8", exclude_categories=["Cs"])
atoms = st.text(_characters, max_size=40).map(Atom)
plain_atoms = st.from_regex(r"[a-z][a-zA-Z0-9_@]{0,20}", fullmatch=True).map(Atom)
strings = st.text(_characters, min_size=1, max_size=30)
binaries = st.binary(max_size=30)
integers = st.one_of(st.integers(-300, 300), st.integers(-(1 << 70), 1 << 70))
floats = st.floats(allow_nan=False, allow_infinity=False).map(lambda value: value + 0.0)
"""Without the negative zero, which older OTP does not tell from the positive one."""


@st.composite
def bitstrings(draw: st.DrawFn) -> Bitstring:
    """Draw a bitstring whose unused bits are zero, as Erlang keeps them."""
    bits = draw(st.integers(1, 7))
    *whole, last = draw(st.binary(min_size=1, max_size=8))
    return Bitstring(bytes([*whole, last & (0xFF << (8 - bits)) & 0xFF]), bits)


funs = st.builds(ExternalFun, plain_atoms, plain_atoms, st.integers(0, 255))
scalars = st.one_of(atoms, plain_atoms, strings, binaries, integers, floats, bitstrings(), funs)


def _is_text(items: list[object]) -> bool:
    return bool(items) and all(type(i) is int and 0 <= i < 0x110000 and not 0xD800 <= i < 0xE000 for i in items)


def _collections(inner: st.SearchStrategy) -> st.SearchStrategy:
    lists = st.lists(inner, max_size=5).filter(lambda items: not _is_text(items))
    improper = st.builds(
        ImproperList,
        st.lists(inner, min_size=1, max_size=3).map(tuple),
        inner.filter(lambda tail: not isinstance(tail, list | ImproperList) and type(tail) is not str),
    )
    keys = st.lists(inner, max_size=4, unique_by=lambda key: (type(key).__name__, repr(key)))
    maps = keys.flatmap(
        lambda found: st.tuples(*(inner for _ in found)).map(
            lambda values: Map(tuple(zip(found, values, strict=True)))
        )
    )
    return st.one_of(lists, improper, maps, st.lists(inner, max_size=4).map(tuple))


terms = st.recursive(scalars, _collections, max_leaves=20)
"""Any term that can be written down: no pids, no local funs."""


@st.composite
def modules(draw: st.DrawFn) -> bytes:
    """Draw a well-formed BEAM module with chunks of any content."""
    names = draw(
        st.lists(
            st.sampled_from(
                [
                    b"AtU8",
                    b"Code",
                    b"StrT",
                    b"ImpT",
                    b"ExpT",
                    b"FunT",
                    b"LitT",
                    b"Line",
                    b"Attr",
                    b"CInf",
                    b"Dbgi",
                    b"Docs",
                ]
            ),
            min_size=1,
            unique=True,
        )
    )
    parts = []
    for name in names:
        data = draw(st.binary(max_size=60))
        parts.append(name + struct.pack(">I", len(data)) + data + bytes(-len(data) % 4))
    body = b"BEAM" + b"".join(parts)
    return b"FOR1" + struct.pack(">I", len(body)) + body
