"""Compressed data, read in parts: gzip, xz and zstd, as the members of Debian packages are compressed.

Whatever the data unpacks to, a part of it is in memory, and no more than a limit is unpacked.

    reader = PackedReader(source, 4_800_000, ".zst", limit=2 << 30)
    reader.read(512)
"""

from __future__ import annotations

import io
import lzma
import sys
import zlib
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed import WriteableBuffer as Buffer

_PART = 1 << 18
_XZ_MEMORY = 1 << 30


def load_zstd() -> Any:
    """Return the module for zstd: Python's own from 3.14 on, before that its backport."""
    if sys.version_info >= (3, 14):
        from compression import zstd  # noqa: PLC0415
    else:
        from backports import zstd  # noqa: PLC0415
    return zstd


class _Decompressor(Protocol):
    """What Python's decompressors of xz and zstd have in common."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    def decompress(self, data: bytes, /, max_length: int) -> bytes: ...


class _Gzip:
    """Python's decompressor of gzip with the same interface."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def needs_input(self) -> bool:
        return not self._stream.unconsumed_tail

    def decompress(self, data: bytes, /, max_length: int) -> bytes:
        return self._stream.decompress(self._stream.unconsumed_tail + data, max_length)


def _open_xz() -> tuple[_Decompressor, type[Exception]]:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY), lzma.LZMAError


def _open_zstd() -> tuple[_Decompressor, type[Exception]]:
    zstd = load_zstd()
    return zstd.ZstdDecompressor(), zstd.ZstdError


_CODECS: dict[str, Callable[[], tuple[_Decompressor, type[Exception]]]] = {
    ".gz": lambda: (_Gzip(), zlib.error),
    ".xz": _open_xz,
    ".zst": _open_zstd,
}
"""By suffix: what unpacks the data, and what it raises for damage."""


class PackedReader(io.RawIOBase):
    """Reads compressed data as what it was.

    Args:
        source: An open file, at the place where the data begins.
        size: The number of compressed bytes.
        suffix: ``.gz``, ``.xz`` or ``.zst``; empty for data that is not compressed.
        limit: How many bytes are unpacked at most.

    Raises:
        ValueError: There is no such compression.
    """

    def __init__(self, source: BinaryIO, size: int, suffix: str, *, limit: int) -> None:
        if suffix and suffix not in _CODECS:
            raise ValueError("it is packed with gzip, xz or zstd")
        self._source = source
        self._left = size
        self._codec: _Decompressor | None = None
        self._damage: type[Exception] = EOFError
        if suffix:
            self._codec, self._damage = _CODECS[suffix]()
        self._limit = self._room = limit

    def read(self, size: int = _PART) -> bytes:
        """Return the next bytes, ``size`` of them at most; none at the end.

        Raises:
            ValueError: The data is damaged, is cut off, or unpacks to more than the limit.
            OSError: The file cannot be read.
        """
        try:
            data = self._take(size) if self._codec is None else self._unpack(self._codec, size)
        except (self._damage, EOFError, MemoryError) as error:
            raise ValueError(str(error)) from None
        self._room -= len(data)
        if self._room < 0:
            raise ValueError(f"it unpacks to more than {self._limit >> 20} MB")
        return data

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, buffer: Buffer) -> int:
        """Put the next bytes into a buffer, as ``io.BufferedReader`` asks; see ``read``."""
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def _take(self, size: int) -> bytes:
        data = self._source.read(min(size, self._left))
        self._left -= len(data)
        return data

    def _unpack(self, codec: _Decompressor, size: int) -> bytes:
        while not codec.eof:
            waits = codec.needs_input
            data = self._take(_PART) if waits else b""
            unpacked = codec.decompress(data, size)
            if unpacked:
                return unpacked
            if waits and not data:
                raise EOFError("it is cut off")
        return b""
