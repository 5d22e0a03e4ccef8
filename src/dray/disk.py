"""Files that dray keeps for itself: they have their old or their new content, and damage is noticed.

write_sealed(work / "repeat" / "build.json", b"...")
read_sealed(work / "repeat" / "build.json")  # the bytes, or None
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_SEAL_SIZE = 32


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
