"""BEAM modules: the chunks of a ``.beam`` file, its MD5 as ``beam_lib`` counts it, and stripping.

A module is an IFF form: ``FOR1``, the size of what follows, ``BEAM``, then chunks of a four-letter name, a
size and their bytes, padded to a multiple of four. The whole file may be compressed with gzip.

    strip_module(data, keep=frozenset({b"Code", ...}))
"""

from __future__ import annotations

import gzip
import hashlib
import struct
import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from dray.errors import IntegrityError, Location

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK = struct.Struct(">4sI")
_GZIP_MAGIC = b"\x1f\x8b"

MD5_CHUNKS = (b"Atom", b"AtU8", b"Code", b"StrT", b"ImpT", b"ExpT", b"FunT", b"LitT", b"Meta")
"""The chunks that make a module's MD5, in the order in which ``beam_lib:md5/1`` takes them."""

KEPT_BY_MIX = (b"Attr",)
"""What ``mix release`` keeps besides the significant chunks of ``beam_lib``: the attributes."""


@dataclass(frozen=True)
class Stripping:
    """How modules are stripped.

    Args:
        keep: The names of the chunks to keep.
        compress: Whether the result is compressed with gzip.
    """

    keep: frozenset[bytes]
    compress: bool = False

    @cached_property
    def key(self) -> str:
        """These settings as text."""
        names = ",".join(sorted(name.decode("latin-1") for name in self.keep))
        return f"strip:{names}{':gzip' if self.compress else ''}"


@dataclass(frozen=True, slots=True)
class StrippedModule:
    """A source for ``File``: a module without the chunks that the runtime does not need.

    Args:
        origin: The ``.beam`` file.
        strip: What to keep.
    """

    origin: str
    strip: Stripping

    @property
    def key(self) -> str:
        """What distinguishes this transformation from others of the same file."""
        return self.strip.key

    def transform(self, data: bytes) -> bytes:
        """Return the stripped module.

        Raises:
            IntegrityError: It is no module. ``mix release`` would ship it, and the release fail when it is loaded.
        """
        stripped = strip_module(data, self.strip.keep, file=self.origin)
        return gzip.compress(stripped, mtime=0) if self.strip.compress else stripped


def read_chunks(data: bytes, *, file: str = "<module>") -> Iterator[tuple[bytes, bytes]]:
    """Yield the name and the bytes of every chunk, in the order of the file.

    Raises:
        IntegrityError: The bytes are no BEAM module.
    """
    data = _inflate(data, file)
    for name, start, size, _ in _scan(data, file):
        yield name, data[start : start + size]


def module_md5(data: bytes, *, counted: tuple[bytes, ...] = MD5_CHUNKS, file: str = "<module>") -> str:
    """Return what ``beam_lib:md5/1`` returns, in hexadecimal: equal for a module and its stripped copy.

    Args:
        data: The module.
        counted: The chunks that count.
        file: Its name, for the message.

    Raises:
        IntegrityError: The bytes are no BEAM module.
    """
    chunks = dict(read_chunks(data, file=file))
    digest = hashlib.md5(usedforsecurity=False)
    for name in counted:
        chunk = chunks.get(name)
        if chunk is not None:
            digest.update(_clear_uniques(chunk) if name == b"FunT" else chunk)
    return digest.hexdigest()


def module_name(data: bytes, *, file: str = "<module>") -> str:
    """Return the module's name, the first atom of its table.

    Raises:
        IntegrityError: The bytes are no BEAM module, or it has no atoms.
    """
    chunks = dict(read_chunks(data, file=file))
    table, encoding = chunks.get(b"AtU8"), "utf-8"
    if table is None:
        table, encoding = chunks.get(b"Atom"), "latin-1"
    try:
        (count,) = struct.unpack_from(">i", table or b"")
        start, size = (5, table[4]) if count > 0 else read_long_size(table, 4)  # type: ignore[index, arg-type]
        name = struct.unpack_from(f"{size}s", table, start)[0]  # type: ignore[arg-type]
        return str(name, encoding)
    except (struct.error, IndexError, UnicodeDecodeError):
        raise IntegrityError("a BEAM module has a table of atoms", location=Location(file)) from None


def strip_module(data: bytes, keep: frozenset[bytes], *, file: str = "<module>") -> bytes:
    """Return the module with only the chunks in ``keep``, in the order of the file.

    Raises:
        IntegrityError: The bytes are no BEAM module.
    """
    data = _inflate(data, file)
    parts = [data[start - 8 : end] for name, start, _, end in _scan(data, file) if name in keep]
    size = 4 + sum([len(part) for part in parts])
    return b"".join([b"FOR1", size.to_bytes(4, "big"), b"BEAM", *parts])


def _inflate(data: bytes, file: str) -> bytes:
    if data[:2] == _GZIP_MAGIC:
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error):
            raise IntegrityError("a compressed BEAM module is damaged", location=Location(file)) from None
    return data if len(data) % 4 == 0 else data + bytes(-len(data) % 4)


def _scan(data: bytes, file: str) -> list[tuple[bytes, int, int, int]]:
    """Return name, start, size and padded end of each chunk."""
    if data[:4] != b"FOR1" or data[8:12] != b"BEAM":
        raise IntegrityError("a BEAM module begins with FOR1 and BEAM", location=Location(file))
    chunks = []
    at, total, unpack = 12, len(data), _CHUNK.unpack_from
    while at + 8 <= total:
        name, size = unpack(data, at)
        start = at + 8
        at = start + ((size + 3) & ~3)
        chunks.append((name, start, size, at))
    if at > total and chunks and chunks[-1][1] + chunks[-1][2] > total:
        raise IntegrityError(
            f"the BEAM module ends inside its chunk {chunks[-1][0].decode('latin-1')}",
            location=Location(file),
        )
    if not chunks:
        raise IntegrityError("the BEAM module has no chunks", location=Location(file))
    return chunks


def _clear_uniques(chunk: bytes) -> bytes:
    """Return a table of funs with the unique numbers zeroed: they differ between equal modules."""
    entries = (len(chunk) - 4) // 24
    cleared = bytearray(chunk)
    for index in range(entries):
        at = 4 + 24 * index + 20
        cleared[at : at + 4] = bytes(4)
    return bytes(cleared)


def read_long_size(table: bytes, at: int) -> tuple[int, int]:
    """Return start and size of an atom in a table with long atoms (OTP 28).

    The size is an integer of the compact term encoding: the low four bits of its first byte are the tag.

    Raises:
        IndexError: The table ends, or the size is one that no atom has.
    """
    first = table[at]
    if first & 0x08 == 0:
        return at + 1, first >> 4
    if first & 0x10 == 0:
        return at + 2, ((first & 0xE0) << 3) | table[at + 1]
    raise IndexError
