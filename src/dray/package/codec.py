"""The compressions of Debian's indices and packages: gzip, xz and zstd, each as one stream.

The same bytes always give the same bytes. zstd is told to use a worker even where it would do without, since it
writes other bytes then.
"""

from __future__ import annotations

import lzma
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.packed import load_zstd

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Codec:
    """A compression.

    Args:
        suffix: What files of it end in.
        compress: Returns bytes compressed.
        decompress: Returns them again; raises ValueError for what is damaged.
    """

    suffix: str
    compress: Callable[[bytes], bytes]
    decompress: Callable[[bytes], bytes]


_LARGE = 1 << 20
"""From so many bytes on, the faster library is worth being loaded."""


def _compress_gzip(data: bytes) -> bytes:
    if len(data) >= _LARGE:
        import deflate  # noqa: PLC0415

        return bytes(deflate.gzip_compress(data, 6))
    stream = zlib.compressobj(9, wbits=31)
    return stream.compress(data) + stream.flush()


def _decompress_gzip(data: bytes) -> bytes:
    import gzip  # noqa: PLC0415

    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(str(error)) from None


def _decompress_xz(data: bytes) -> bytes:
    try:
        return lzma.decompress(data, lzma.FORMAT_XZ)
    except lzma.LZMAError as error:
        raise ValueError(str(error)) from None


def _compress_zstd(data: bytes) -> bytes:
    zstd = load_zstd()
    # On indices, levels up to 8 take longer and give nothing.
    options = {zstd.CompressionParameter.compression_level: 3, zstd.CompressionParameter.nb_workers: 1}
    return bytes(zstd.compress(data, options=options))


def _decompress_zstd(data: bytes) -> bytes:
    zstd = load_zstd()
    try:
        return bytes(zstd.decompress(data))
    except zstd.ZstdError as error:
        raise ValueError(str(error)) from None


GZIP = Codec(".gz", _compress_gzip, _decompress_gzip)
XZ = Codec(".xz", lambda data: lzma.compress(data, lzma.FORMAT_XZ, preset=6), _decompress_xz)
ZSTD = Codec(".zst", _compress_zstd, _decompress_zstd)
CODECS = {codec.suffix: codec for codec in (ZSTD, GZIP, XZ)}
"""By suffix; the first are the fastest to read."""
