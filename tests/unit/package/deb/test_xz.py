"""Streams of xz that several cores work on: one stream, which every reader takes."""

from __future__ import annotations

import lzma

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dray.package.deb import xz
from dray.package.deb.xz import XzStream


def compress(parts, level=1):
    stream = XzStream(level)
    blocks = [stream.add(stream.compress_block(part)) for part in stream.split(parts)]
    return b"".join((stream.header(), *blocks, stream.footer()))


def decompress(data):
    """Decompress one stream and nothing behind it, as dpkg does."""
    reader = lzma.LZMADecompressor(lzma.FORMAT_XZ)
    out = reader.decompress(data)
    assert reader.eof
    assert reader.unused_data == b""
    return out


@given(st.lists(st.binary(max_size=3000), max_size=8))
def test_what_goes_in_comes_out(parts):
    assert decompress(compress(parts)) == b"".join(parts)


@pytest.mark.parametrize("level", range(10))
def test_each_level_is_readable(level):
    assert decompress(compress([b"shop" * 5000], level)) == b"shop" * 5000


def test_a_long_stream_has_many_blocks_and_no_more_than_one_stream(monkeypatch):
    monkeypatch.setattr(xz, "_BLOCK", 1000)
    data = bytes(range(256)) * 50
    assert decompress(compress([data[:777], data[777:9000], data[9000:]])) == data


def test_the_same_bytes_in_other_parts_give_the_same_stream(monkeypatch):
    monkeypatch.setattr(xz, "_BLOCK", 1000)
    data = b"one and the same" * 500
    assert compress([data]) == compress([data[:5], data[5:4000], data[4000:]])
