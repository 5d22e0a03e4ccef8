"""The facts of a module are those that it holds, and damaged tables are refused."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dray.beam.etf import encode
from dray.beam.module_facts import ModuleFacts, parse_module
from dray.core.term import Atom
from dray.errors import IntegrityError
from tests.strategies import modules
from tests.unit.beam.test_module import make_module
from tests.unit.upgrade.releases import make_beam

names = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=40)
arities = st.integers(0, 255)


@given(
    names,
    st.lists(names, unique=True, max_size=4),
    st.frozensets(st.tuples(names, arities), max_size=6),
    st.frozensets(st.tuples(names, names, arities), max_size=6),
)
def test_facts_are_those_that_were_written(name, behaviours, exports, imports):
    data = make_beam(name, behaviours=behaviours, exports=sorted(exports), imports=sorted(imports))
    assert parse_module(data) == ModuleFacts(name, tuple(behaviours), exports, imports)


def test_facts_can_be_asked():
    facts = parse_module(make_beam("a", exports=[("code_change", 3)], imports=[("b", "f", 1), ("b", "g", 0)]))
    assert facts.exports_function("code_change", 3)
    assert not facts.exports_function("code_change", 4)
    assert facts.calls_function("b", "f", 1)
    assert facts.used_modules == {"b"}


def test_both_spellings_of_behaviour_count_once():
    table = b"\0\0\0\1\1a"
    attributes = encode(
        [(Atom("behavior"), [Atom("gen_server")]), (Atom("behaviour"), [Atom("gen_server"), Atom("x")])]
    )
    assert parse_module(make_module((b"AtU8", table), (b"Attr", attributes))).behaviours == ("gen_server", "x")


def test_atoms_of_otp_28_are_read():
    long = b"a" * 20
    table = struct.pack(">i", -2) + bytes([0x10]) + b"m" + bytes([0x08, 20]) + long
    exports = struct.pack(">IIII", 1, 2, 3, 9)
    facts = parse_module(make_module((b"AtU8", table), (b"ExpT", exports)))
    assert (facts.name, facts.exports) == ("m", {(long.decode(), 3)})


def test_an_old_table_of_atoms_is_read():
    assert parse_module(make_module((b"Atom", b"\0\0\0\1\1\xfc"))).name == "ü"


GOOD = (b"AtU8", b"\0\0\0\1\1a")


@pytest.mark.parametrize(
    "chunks",
    [
        ((b"Code", b"x"),),
        ((b"AtU8", b""),),
        ((b"AtU8", b"\0\0\0\2\1a"),),
        ((b"AtU8", b"\x7f\xff\xff\xff\1a"),),
        ((b"AtU8", b"\0\0\0\1\1\xff"),),
        (GOOD, (b"ExpT", struct.pack(">IIII", 1, 7, 0, 0))),
        (GOOD, (b"ExpT", struct.pack(">I", 9))),
        (GOOD, (b"Attr", b"nonsense")),
    ],
    ids=["no atoms", "empty", "short", "huge", "no text", "unknown atom", "short table", "no term"],
)
def test_damaged_tables_are_refused_by_name(chunks):
    with pytest.raises(IntegrityError) as caught:
        parse_module(make_module(*chunks), file="shop.beam")
    assert caught.value.location is not None
    assert caught.value.location.file == "shop.beam"


@given(modules())
def test_no_module_breaks_the_reader(data):
    try:
        parse_module(data)
    except IntegrityError:
        return
