"""Files on disk: read as a whole, and those that dray keeps for itself, in which damage is noticed.

write_sealed(work / "repeat" / "build.json", b"...")
read_sealed(work / "repeat" / "build.json")  # the bytes, or None
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_SEAL_SIZE = 32


def read_whole(path: Path | str) -> tuple[bytes, os.stat_result]:
    """Return a file's bytes and its state, with as few system calls as that takes: a build reads thousands of files.

    Raises:
        OSError: It cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        found = os.fstat(descriptor)
        data = os.read(descriptor, found.st_size)
        while len(data) < found.st_size:
            more = os.read(descriptor, found.st_size - len(data))
            if not more:
                break
            data += more
        return data, found
    finally:
        os.close(descriptor)


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that it has either its old or its new content; its folder is made where it is missing.

    Raises:
        OSError: It cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_bytes(data)
    temporary.replace(path)


def write_sealed(path: Path, data: bytes) -> None:
    """Write a file with a checksum before its content; see ``write_atomically``."""
    write_atomically(path, _seal(data) + data)


def read_sealed(path: Path) -> bytes | None:
    """Return what ``write_sealed`` has written; None where there is nothing, or where it is damaged."""
    try:
        kept = path.read_bytes()
    except OSError:
        return None
    data = kept[_SEAL_SIZE:]
    return data if kept[:_SEAL_SIZE] == _seal(data) else None


def _seal(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
