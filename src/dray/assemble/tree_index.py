"""What dray remembers of a tree that it wrote: each file's source, digest and state.

A damaged or foreign index is no index: everything is looked at again.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dray.core.contents import Digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dray.core.contents import Source

_FORMAT = 1
_COARSE_CLOCK_NS = 2_000_000_000

State = tuple[int, int, int, int, int]
"""Size, modification time, change time, inode and permission bits."""


@dataclass(frozen=True, slots=True)
class Written:
    """What is known of a file in the tree.

    Args:
        key: Stands for the source and its state.
        digest: Of the bytes.
        state: What the file system said right after they were written.
    """

    key: str
    digest: Digest
    state: State


def state_of(found: os.stat_result) -> State:
    """Return a file's state."""
    return (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_mode & 0o7777)


def source_key(source: Source, now: int) -> str:
    """Return what stands for a source: equal keys mean equal bytes.

    Args:
        source: The source.
        now: The time in nanoseconds since 1970. A file that was changed a moment ago may change again without
            its times showing it, so its key never equals another.

    Raises:
        OSError: The source's file cannot be read.
    """
    if isinstance(source, bytes):
        return hashlib.sha256(source).hexdigest()
    path, key = (source, "") if isinstance(source, Path) else (source.origin, _short(source.key))
    found = os.stat(path)  # noqa: PTH116 - a thousand times in a build
    times = (found.st_mtime_ns, found.st_ctime_ns)
    fresh = f"!{now}" if max(times) > now - _COARSE_CLOCK_NS else ""
    return f"{key}:{found.st_size}:{times[0]}:{times[1]}:{found.st_ino}{fresh}"


@functools.cache
def _short(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:12]


def load_index(file: Path, root: Path) -> dict[str, Written]:
    """Return what is remembered of the tree at ``root``; nothing where that is unknown."""
    try:
        stored = json.loads(file.read_bytes())
        if stored["format"] != _FORMAT or stored["root"] != str(root):
            return {}
        return {
            path: Written(key, Digest(size, sha256), (size, mtime, ctime, inode, mode))
            for path, (key, size, sha256, mtime, ctime, inode, mode) in stored["files"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def save_index(file: Path, root: Path, files: Mapping[str, Written]) -> None:
    """Remember what is in the tree at ``root``."""
    listed = {path: (item.key, item.digest.size, item.digest.sha256, *item.state[1:]) for path, item in files.items()}
    temporary = file.with_name(f".{file.name}.new")
    temporary.write_text(json.dumps({"format": _FORMAT, "root": str(root), "files": listed}))
    temporary.replace(file)
