"""The external term format: every term there and back, and no crash on anything else."""

from __future__ import annotations

import contextlib
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dray.beam.etf import decode, encode
from dray.core.term import Atom, Bitstring, ExternalFun, ImproperList, Map, Opaque
from dray.errors import IntegrityError
from tests.strategies import terms


@given(terms)
def test_what_is_encoded_decodes(term):
    decoded = decode(encode(term))
    assert decoded == term
    assert encode(decoded) == encode(term)


@given(st.binary(max_size=60))
def test_any_bytes_decode_or_are_refused(data):
    with contextlib.suppress(IntegrityError):
        decode(b"\x83" + data)


@given(terms, st.data())
def test_a_cut_term_is_refused(term, data):
    encoded = encode(term)
    cut = data.draw(st.integers(0, len(encoded) - 1))
    with pytest.raises(IntegrityError):
        decode(encoded[:cut])


@given(terms)
def test_bytes_after_the_term_are_refused(term):
    with pytest.raises(IntegrityError):
        decode(encode(term) + b"\0")


OLD_TAGS = [
    (b"d\x00\x03foo", Atom("foo")),
    (b"d\x00\x01\xfc", Atom("ü")),
    (b"s\x02ok", Atom("ok")),
    (b"v\x00\x02\xc3\xbc", Atom("ü")),
    (b"c" + b"1.50000000000000000000e+00".ljust(31, b"\0"), 1.5),
    (b"M\x00\x00\x00\x01\x08\xff", b"\xff"),
    (b"M\x00\x00\x00\x01\x03\xa0", Bitstring(b"\xa0", 3)),
    (b"l\x00\x00\x00\x00j", []),
    (b"k\x00\x00", []),
    (b"l\x00\x00\x00\x02a\x41a\x42j", "AB"),
    (b"i\x00\x00\x00\x01a\x01", (1,)),
    (b"o\x00\x00\x00\x01\x01\x05", -5),
    (b"qw\x05listsw\x03mapa\x02", ExternalFun(Atom("lists"), Atom("map"), 2)),
    (b"t\x00\x00\x00\x01w\x01aa\x01", Map(((Atom("a"), 1),))),
    (b"l\x00\x00\x00\x01a\x01a\x02", ImproperList((1,), 2)),
]


@pytest.mark.parametrize(
    ("data", "term"), OLD_TAGS, ids=[chr(data[0]) + str(i) for i, (data, _) in enumerate(OLD_TAGS)]
)
def test_tags_that_others_write_are_read(data, term):
    assert decode(b"\x83" + data) == term


NODE = b"w\x03n@h"
OPAQUE = [
    ("pid", b"X" + NODE + bytes(12)),
    ("pid", b"g" + NODE + bytes(9)),
    ("port", b"x" + NODE + bytes(12)),
    ("port", b"Y" + NODE + bytes(8)),
    ("port", b"f" + NODE + bytes(5)),
    ("reference", b"Z\x00\x02" + NODE + bytes(12)),
    ("reference", b"r\x00\x02" + NODE + bytes(9)),
    ("reference", b"e" + NODE + bytes(5)),
    ("fun", b"p\x00\x00\x00\x08abcd"),
]


@pytest.mark.parametrize(("kind", "data"), OPAQUE)
def test_terms_of_one_node_are_carried_unread(kind, data):
    assert decode(b"\x83" + data) == Opaque(kind, data)
    assert encode(Opaque(kind, data)) == b"\x83" + data


@pytest.mark.parametrize("value", [1 << 2040, -(1 << 2040), (1 << 3000) - 1])
def test_very_large_numbers_have_a_tag_of_their_own(value):
    assert encode(value)[1:2] == b"o"
    assert decode(encode(value)) == value


def test_compressed_terms_are_read():
    plain = encode("long " * 100)
    packed = b"\x83P" + (len(plain) - 1).to_bytes(4, "big") + zlib.compress(plain[1:])
    assert decode(packed) == "long " * 100


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x82a\x01",
        b"\x83P\xff\xff\xff\xff" + zlib.compress(b"a\x01"),
        b"\x83P\x00\x00\x00\x09" + zlib.compress(b"a\x01"),
        b"\x83F\x7f\xf0\x00\x00\x00\x00\x00\x00",
        b"\x83" + b"l\x00\x00\x00\x01" * 50_000,
    ],
    ids=["empty", "other version", "claims to be huge", "claims to be longer", "infinity", "nested"],
)
def test_nonsense_is_refused(data):
    with pytest.raises(IntegrityError):
        decode(data)


def test_python_booleans_are_atoms():
    assert decode(encode((True, False))) == (Atom("true"), Atom("false"))  # type: ignore[arg-type]


def test_what_is_no_term_is_refused():
    with pytest.raises(TypeError):
        encode(object())  # type: ignore[arg-type]


def test_maps_are_equal_whatever_their_order():
    assert Map(((Atom("a"), 1), (Atom("b"), 2))) == Map(((Atom("b"), 2), (Atom("a"), 1)))


def test_a_key_of_a_map_is_found_by_value_and_kind():
    found = Map(((Atom("a"), 1), (b"a", 2)))
    assert found.get(Atom("a")) == 1
    assert found.get(b"a") == 2
    assert found.get("a") is None
    assert found.put(Atom("a"), 3).get(Atom("a")) == 3
