"""One xz stream of many blocks, so that several cores can work on it; ``lzma`` itself makes streams of one block.

The format is that of The .xz File Format, version 1.2.1: a header, blocks of raw LZMA2 data each with a checksum, an
index of the blocks, a footer.
"""

from __future__ import annotations

import lzma
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MAGIC, _END = b"\xfd7zXZ\0", b"YZ"
_FLAGS = b"\0\1"  # each block is followed by its CRC-32
_LZMA2 = 0x21
_BLOCK = 24 << 20
"""Three times the largest dictionary in use, as xz itself does."""


@dataclass(frozen=True, slots=True)
class XzBlock:
    """A compressed block: its bytes, and what the index says of it."""

    data: bytes
    unpadded: int
    uncompressed: int


class XzStream:
    """Makes the parts of a stream; ``compress_block`` may run in any thread.

    Args:
        level: The preset, 0 to 9.
    """

    def __init__(self, level: int) -> None:
        self._filters = [{"id": lzma.FILTER_LZMA2, "preset": level, "dict_size": _dictionary(level)}]
        size = _dictionary(level).bit_length() - 1
        fields = b"\0" + bytes((_LZMA2, 1, (size - 12) * 2)) + bytes(3)
        header = bytes(((len(fields) + 1 + 4) // 4 - 1,)) + fields
        self._block_header = header + struct.pack("<I", zlib.crc32(header))
        self._records: list[XzBlock] = []

    def split(self, parts: Iterable[bytes | bytearray]) -> Iterator[bytes]:
        """Yield the bytes of all parts in pieces of a block's size."""
        waiting = bytearray()
        for part in parts:
            waiting += part
            while len(waiting) >= _BLOCK:
                yield bytes(waiting[:_BLOCK])
                del waiting[:_BLOCK]
        if waiting:
            yield bytes(waiting)

    def compress_block(self, data: bytes) -> XzBlock:
        """Return a block."""
        packed = lzma.compress(data, lzma.FORMAT_RAW, filters=self._filters)
        unpadded = len(self._block_header) + len(packed) + 4
        block = self._block_header + packed + bytes(-len(packed) % 4) + struct.pack("<I", zlib.crc32(data))
        return XzBlock(block, unpadded, len(data))

    def header(self) -> bytes:
        """Return the beginning of the stream."""
        return _MAGIC + _FLAGS + struct.pack("<I", zlib.crc32(_FLAGS))

    def add(self, block: XzBlock) -> bytes:
        """Return a block's bytes, and remember it for the index."""
        self._records.append(XzBlock(b"", block.unpadded, block.uncompressed))
        return block.data

    def footer(self) -> bytes:
        """Return the index and the end of the stream."""
        index = b"\0" + _number(len(self._records))
        index += b"".join(_number(block.unpadded) + _number(block.uncompressed) for block in self._records)
        index += bytes(-len(index) % 4)
        index += struct.pack("<I", zlib.crc32(index))
        tail = struct.pack("<I", len(index) // 4 - 1) + _FLAGS
        return index + struct.pack("<I", zlib.crc32(tail)) + tail + _END


def _dictionary(level: int) -> int:
    """Return the size of a preset's dictionary, a power of two."""
    return 1 << (18, 20, 21, 22, 22, 23, 23, 24, 25, 26)[level] if level < 7 else 1 << 23


def _number(value: int) -> bytes:
    """Return an integer of variable length: seven bits a byte, the lowest first."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
