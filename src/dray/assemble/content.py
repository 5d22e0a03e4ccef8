"""Reads the bytes of a release's files, wherever they come from."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from dray.core.contents import Digest
from dray.disk import read_whole

if TYPE_CHECKING:
    from dray.core.contents import File, Source
    from dray.core.release import Release


def read_source(source: Source) -> bytes:
    """Return the bytes of a source.

    Raises:
        OSError: Its file cannot be read.
    """
    if isinstance(source, bytes):
        return source
    path = source if isinstance(source, Path) else source.origin
    data, _ = read_whole(path)
    return data if isinstance(source, Path) else source.transform(data)


def read_file(release: Release, file: File) -> bytes:
    """Return the bytes of a release's file, from the tree where they stand there already.

    Raises:
        OSError: They cannot be read.
    """
    if release.tree is not None and file.path in release.digests:
        data, _ = read_whole(f"{release.tree}/{file.path}")
        return data
    return read_source(file.source)


def digest_of(data: bytes) -> Digest:
    """Return what identifies some bytes."""
    return Digest(len(data), hashlib.sha256(data).hexdigest())
