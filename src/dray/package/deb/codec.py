"""Compressors of a package's archives: each takes any number of parts and makes one stream of them.

dpkg refuses a file of several streams, whatever xz and zstd say of them, so all cores work on one: zstd does so by
itself, and an xz stream consists of blocks that are compressed one by one.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.assemble.workers import map_threads
from dray.errors import ConfigError
from dray.package.deb.xz import XzStream
from dray.packed import load_zstd

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_WORKERS = 2
"""The result is the same for any number of workers but none."""
_JOB = 4 << 20
"""So many bytes a worker takes at once: zstd's own choice leaves a small release to one of them."""


@dataclass(frozen=True, slots=True)
class Codec:
    """How an archive is compressed.

    Args:
        name: ``zstd``, ``xz`` or ``gzip``.
        suffix: The end of the member's name, ``zst``.
        level: How hard.
    """

    name: str
    suffix: str
    level: int

    def compress(self, parts: Iterable[bytes | bytearray]) -> Iterator[bytes]:
        """Yield one compressed stream of all the parts."""
        return {"zstd": _compress_zstd, "xz": _compress_xz, "gzip": _compress_gzip}[self.name](parts, self.level)


DEFAULT_LEVELS = {"zstd": 9, "xz": 6, "gzip": 9}
_LEVELS = {"zstd": (1, 19), "xz": (0, 9), "gzip": (1, 9)}
_WITHOUT_ZSTD = frozenset({"debian-11"})
_SUFFIXES = {"zstd": "zst", "xz": "xz", "gzip": "gz"}


def find_codec(name: str, level: int | None = None) -> Codec:
    """Return the codec of a name, at its usual level unless another is given."""
    return Codec(name, _SUFFIXES[name], DEFAULT_LEVELS[name] if level is None else level)


def choose_codec(distributions: Iterable[str], name: str | None, level: int | None) -> Codec:
    """Return the codec that all distributions can read, unless the user wants another.

    Args:
        distributions: Where the package is to be installed.
        name: What the user wants; None for zstd, which dpkg of Debian 11 cannot read, and xz there.
        level: How hard; None for the usual level.

    Raises:
        ConfigError: The codec has no such level.
    """
    codec = find_codec(name or ("xz" if set(distributions) & _WITHOUT_ZSTD else "zstd"), level)
    lowest, highest = _LEVELS[codec.name]
    if not lowest <= codec.level <= highest:
        raise ConfigError(f"deb: level is a number from {lowest} to {highest} for {codec.name}", got=str(level))
    return codec


def describe_library(codec: Codec) -> str:
    """Return what compresses, with its version: another one may make other bytes of the same."""
    import zlib  # noqa: PLC0415 - where it is needed

    if codec.name == "zstd":
        return str(load_zstd().zstd_version)
    return zlib.ZLIB_RUNTIME_VERSION if codec.name == "gzip" else ""


def _compress_zstd(parts: Iterable[bytes | bytearray], level: int) -> Iterator[bytes]:
    zstd = load_zstd()
    options = {
        zstd.CompressionParameter.compression_level: level,
        zstd.CompressionParameter.nb_workers: max(1, min(os.cpu_count() or 1, _WORKERS)),
        zstd.CompressionParameter.job_size: _JOB,
        zstd.CompressionParameter.checksum_flag: 1,
    }
    compressor = zstd.ZstdCompressor(options=options)
    for part in parts:
        yield compressor.compress(part)
    yield compressor.flush()


def _compress_xz(parts: Iterable[bytes | bytearray], level: int) -> Iterator[bytes]:
    stream = XzStream(level)
    yield stream.header()
    for block in map_threads(stream.compress_block, stream.split(parts)):
        yield stream.add(block)
    yield stream.footer()


def _compress_gzip(parts: Iterable[bytes | bytearray], level: int) -> Iterator[bytes]:
    import zlib  # noqa: PLC0415 - where it is needed

    compressor = zlib.compressobj(level, zlib.DEFLATED, 31)
    for part in parts:
        yield compressor.compress(part)
    yield compressor.flush()
