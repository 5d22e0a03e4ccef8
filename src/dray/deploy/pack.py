"""The bytes that travel to a host: a tar that gzip has packed, with the files and with what to do with them.

tree/lib/shop-0.2.0/ebin/shop.beam    the files that the host lacks
plan/manifest                         what its manifest is made of
plan/links                            shell commands that make the rest of what the host has
plan/fresh                            what is moved to its place
plan/sums                             checksums of files whose names a manifest escapes
"""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

import deflate

from dray.assemble.content import read_file
from dray.assemble.workers import map_threads
from dray.core.contents import File
from dray.package.tar_entry import build_tar_info
from dray.package.timestamp import NO_DATE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dray.core.release import Release
    from dray.deploy.transfer import Transfer

_CHUNK = 1 << 20
_LEVEL_SMALL, _LEVEL_LARGE, _LARGE = 9, 3, 8 << 20
"""A few files are packed as small as it goes; many are packed as fast as a network is that is worth the name."""


def build_pack(release: Release, transfer: Transfer) -> bytes:
    """Return what travels.

    Args:
        release: Whose files they are.
        transfer: Which ones.

    Raises:
        OSError: A file cannot be read.
    """
    level = _LEVEL_LARGE if transfer.size > _LARGE else _LEVEL_SMALL
    parts = _split(_iterate_files(release, transfer))
    return b"".join(map_threads(lambda part: deflate.gzip_compress(part, level), parts))


def pack_files(files: dict[str, tuple[bytes, int]]) -> bytes:
    """Return a tar that gzip has packed, of bytes and modes by name."""
    return b"".join(deflate.gzip_compress(part, _LEVEL_SMALL) for part in _split(_iterate_given(files)))


def tar_files(files: dict[str, tuple[bytes, int]]) -> bytes:
    """Return a tar, not packed, of bytes and modes by name."""
    return b"".join(_split(_iterate_given(files)))


def _iterate_given(files: dict[str, tuple[bytes, int]]) -> Iterator[tuple[File, bytes]]:
    return ((File(path, data, mode), data) for path, (data, mode) in files.items())


def _iterate_files(release: Release, transfer: Transfer) -> Iterator[tuple[File, bytes]]:
    manifest = f"tree/releases/{transfer.new.version}/manifest.json"
    described = {
        "plan/manifest" if transfer.base else manifest: transfer.manifest,
        "plan/links": transfer.format_links().encode("utf-8", "surrogateescape"),
        "plan/fresh": "".join(f"{top}\n" for top in transfer.fresh).encode("utf-8", "surrogateescape"),
        "plan/sums": transfer.format_sums().encode("utf-8", "surrogateescape"),
    }
    for path, data in described.items():
        yield File(path, data), data
    files = {entry.path: entry for entry in release.contents if isinstance(entry, File)}
    # Files of one kind resemble each other, and gzip sees no further than the next one or two.
    for path in sorted(transfer.sent, key=lambda path: (path.rpartition(".")[2], path)):
        entry = files[path]
        yield File(f"tree/{path}", b"", entry.mode), read_file(release, entry)


def _split(files: Iterator[tuple[File, bytes]]) -> Iterator[bytearray]:
    """Yield the archive's bytes in parts that are packed one by one."""
    part = bytearray()
    for entry, data in files:
        part += build_tar_info(entry, len(data), NO_DATE).tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
        part += data
        part += bytes(-len(data) % tarfile.BLOCKSIZE)
        if len(part) >= _CHUNK:
            yield part
            part = bytearray()
    yield part + bytes(2 * tarfile.BLOCKSIZE)
