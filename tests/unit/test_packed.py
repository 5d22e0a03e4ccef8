"""Compressed data is read in parts, and never more of it than is allowed."""

from __future__ import annotations

import gzip
import io
import lzma
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dray.packed import PackedReader, load_zstd

PACK = {"": bytes, ".gz": gzip.compress, ".xz": lzma.compress, ".zst": load_zstd().compress}
SUFFIXES = sorted(PACK)


def read_all(packed, suffix, *, size=1000, limit=1 << 20):
    reader = PackedReader(io.BytesIO(packed + b"what follows"), len(packed), suffix, limit=limit)
    return b"".join(iter(lambda: reader.read(size), b""))


@given(st.binary(max_size=3000), st.sampled_from(SUFFIXES), st.integers(1, 4000))
def test_data_is_what_it_was(data, suffix, size):
    assert read_all(PACK[suffix](data), suffix, size=size) == data


@given(st.binary(max_size=300), st.sampled_from(SUFFIXES))
def test_any_bytes_are_data_or_an_error(data, suffix):
    try:
        read_all(data, suffix)
    except ValueError:
        assert suffix


@pytest.mark.parametrize("suffix", SUFFIXES[1:])
def test_what_is_cut_off_is_an_error(suffix):
    packed = PACK[suffix](bytes(range(256)) * 10)
    with pytest.raises(ValueError, match="cut off"):
        read_all(packed[: len(packed) // 2], suffix)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_unpacks_to_too_much_is_an_error(suffix):
    with pytest.raises(ValueError, match="more than 2 MB"):
        read_all(PACK[suffix](bytes(3 << 20)), suffix, size=1 << 16, limit=2 << 20)


def test_another_compression_is_an_error():
    with pytest.raises(ValueError, match="gzip, xz or zstd"):
        PackedReader(io.BytesIO(zlib.compress(b"x")), 9, ".bz2", limit=1)
