"""BEAM modules: chunks, MD5 and stripping."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dray.beam.module import (
    MD5_CHUNKS,
    StrippedModule,
    Stripping,
    module_md5,
    module_name,
    read_chunks,
    strip_module,
)
from dray.errors import IntegrityError
from tests.strategies import modules

KEEP = frozenset({b"AtU8", b"Code", b"Attr"})


def make_module(*chunks: tuple[bytes, bytes]) -> bytes:
    parts = [name + struct.pack(">I", len(data)) + data + bytes(-len(data) % 4) for name, data in chunks]
    body = b"BEAM" + b"".join(parts)
    return b"FOR1" + struct.pack(">I", len(body)) + body


@given(modules())
def test_stripping_keeps_exactly_the_chosen_chunks(data):
    before = list(read_chunks(data))
    after = strip_module(data, KEEP)
    kept = [chunk for chunk in before if chunk[0] in KEEP]
    if kept:
        assert list(read_chunks(after)) == kept
    assert struct.unpack(">I", after[4:8])[0] == len(after) - 8


@given(modules())
def test_stripping_twice_is_stripping_once(data):
    once = strip_module(data, KEEP | frozenset(MD5_CHUNKS))
    if len(once) > 12:
        assert strip_module(once, KEEP | frozenset(MD5_CHUNKS)) == once


@given(modules())
def test_the_md5_does_not_see_what_is_stripped(data):
    stripped = strip_module(data, frozenset(MD5_CHUNKS))
    if len(stripped) > 12:
        assert module_md5(stripped) == module_md5(data)


@given(modules())
def test_compressed_modules_are_read(data):
    packed = gzip.compress(data)
    assert list(read_chunks(packed)) == list(read_chunks(data))
    assert strip_module(packed, KEEP) == strip_module(data, KEEP)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_module_or_refused(data):
    for prefix in (b"", b"FOR1\0\0\0\0BEAM", b"\x1f\x8b"):
        try:
            list(read_chunks(prefix + data))
            module_md5(prefix + data)
        except IntegrityError:
            pass


@given(modules(), st.data())
def test_a_cut_module_is_read_or_refused(data, draw):
    cut = draw.draw(st.integers(0, len(data) - 1))
    with contextlib.suppress(IntegrityError):
        strip_module(data[:cut], KEEP)


def test_the_unique_numbers_of_funs_do_not_count():
    entry = bytes(range(20))
    one = make_module((b"FunT", b"\0\0\0\1" + entry + b"AAAA"))
    two = make_module((b"FunT", b"\0\0\0\1" + entry + b"BBBB"))
    other = make_module((b"FunT", b"\0\0\0\1" + bytes(20) + b"AAAA"))
    assert module_md5(one) == module_md5(two) != module_md5(other)


def test_the_md5_takes_the_chunks_in_its_own_order():
    data = make_module((b"Code", b"code"), (b"Atom", b"atom"))
    assert module_md5(data) == hashlib.md5(b"atomcode").hexdigest()  # noqa: S324


@pytest.mark.parametrize(
    ("table", "name"),
    [
        (b"\0\0\0\1\3foo", "foo"),
        (b"\0\0\0\1\4\xc3\xbcab", "üab"),
        (struct.pack(">i", -1) + bytes([0x30]) + b"foo", "foo"),
        (struct.pack(">i", -1) + bytes([0x08, 20]) + b"a" * 20, "a" * 20),
    ],
    ids=["plain", "utf8", "OTP 28", "OTP 28, long"],
)
def test_the_name_is_the_first_atom(table, name):
    assert module_name(make_module((b"AtU8", table))) == name


@pytest.mark.parametrize("table", [b"", b"\0\0\0\1\3", b"\0\0\0\1\1\xff"])
def test_a_broken_table_of_atoms_is_refused(table):
    with pytest.raises(IntegrityError):
        module_name(make_module((b"AtU8", table), (b"Code", b"x")))


@pytest.mark.parametrize(
    "data",
    [b"", b"FOR1", b"FOR1\0\0\0\0BEAM", b"FOR1\0\0\0\x10BEAMCode\0\0\0\xff1234", b"\x1f\x8bnonsense"],
    ids=["empty", "short", "no chunks", "cut chunk", "broken gzip"],
)
def test_damaged_modules_are_refused_by_name(data):
    with pytest.raises(IntegrityError) as caught:
        strip_module(data, KEEP, file="shop.beam")
    assert caught.value.location is not None
    assert caught.value.location.file == "shop.beam"


def test_what_is_no_module_is_not_shipped_as_one():
    source = StrippedModule("x.beam", Stripping(KEEP))
    with pytest.raises(IntegrityError) as caught:
        source.transform(b"not a module")
    assert str(caught.value.location) == "x.beam"


def test_the_key_of_a_transformation_tells_its_settings():
    assert Stripping(KEEP).key != Stripping(KEEP, compress=True).key != Stripping(frozenset()).key
    data = make_module((b"Code", b"x" * 100))
    packed = StrippedModule("x.beam", Stripping(KEEP, compress=True)).transform(data)
    assert gzip.decompress(packed) == StrippedModule("x.beam", Stripping(KEEP)).transform(data)
