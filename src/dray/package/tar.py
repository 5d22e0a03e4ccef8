"""Tar archives of a release, compressed with gzip.

The same release gives the same bytes: entries in the order of the manifest, no owner, one time for all. The format is
pax, as POSIX.1-2001 has it, which GNU tar, BSD tar, busybox and OTP's ``erl_tar`` read.
"""

from __future__ import annotations

import hashlib
import tarfile
from typing import TYPE_CHECKING

import deflate

from dray.assemble.content import read_file
from dray.assemble.workers import map_threads
from dray.core.contents import Digest, File
from dray.package.tar_entry import build_tar_info

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dray.core.release import Release

_CHUNK = 2 << 20
"""So many bytes become one gzip member; every reader takes several, one after the other, as one. The size decides the
bytes that come out, so it is the same on every machine. Smaller members make the file larger: these cost 0.03 %."""


def write_tar_gz(release: Release, path: Path, *, level: int, mtime: int) -> Digest:
    """Write a release's archive.

    Args:
        release: The release.
        path: The file; it has its old or its new content, whatever happens.
        level: How hard to compress, 1 to 12.
        mtime: The time of all entries, in seconds since 1970.

    Returns:
        Size and checksum of the file.

    Raises:
        OSError: A file cannot be read, or the archive cannot be written.
    """
    temporary = path.with_name(f".{path.name}.new")
    checksum = hashlib.sha256()
    size = 0
    try:
        with temporary.open("wb") as target:
            for data in map_threads(lambda part: deflate.gzip_compress(part, level), split_archive(release, mtime)):
                target.write(data)
                checksum.update(data)
                size += len(data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return Digest(size, checksum.hexdigest())


def split_archive(release: Release, mtime: int) -> Iterator[bytearray]:
    """Yield the archive's bytes in parts that are compressed one by one."""
    part = bytearray()
    for entry in release.contents:
        data = read_file(release, entry) if isinstance(entry, File) else b""
        part += build_tar_info(entry, len(data), mtime).tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
        part += data
        part += bytes(-len(data) % tarfile.BLOCKSIZE)
        if len(part) >= _CHUNK:
            yield part
            part = bytearray()
    part += bytes(2 * tarfile.BLOCKSIZE)
    yield part
