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
from dray.disk import read_whole, write_atomically

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
    if isinstance(source, Path):
        return _key_of(os.stat(source), "", now)  # noqa: PTH116 - a thousand times in a build
    return _key_of(os.stat(source.origin), source.key, now)  # noqa: PTH116 - see above


def read_with_key(source: Source, now: int) -> tuple[bytes, str]:
    """Return the bytes of a source, and the key that stands for them.

    Raises:
        OSError: The source's file cannot be read.
    """
    if isinstance(source, bytes):
        return source, source_key(source, now)
    if isinstance(source, Path):
        data, found = read_whole(source)
        return data, _key_of(found, "", now)
    data, found = read_whole(source.origin)
    return source.transform(data), _key_of(found, source.key, now)


def _key_of(found: os.stat_result, transformation: str, now: int) -> str:
    modified, changed = found.st_mtime_ns, found.st_ctime_ns
    fresh = f"!{now}" if modified > now - _COARSE_CLOCK_NS or changed > now - _COARSE_CLOCK_NS else ""
    return f"{_short(transformation)}:{found.st_size}:{modified}:{changed}:{found.st_ino}{fresh}"


@functools.cache
def _short(transformation: str) -> str:
    return hashlib.sha256(transformation.encode()).hexdigest()[:12] if transformation else ""


def tree_index_path(work: Path, name: str) -> Path:
    """Return where it is remembered what the tree of a release holds."""
    return work / "trees" / f"{name}.json"


def load_index(file: Path, root: Path) -> Mapping[str, Written]:
    """Return what is remembered of the tree at ``root``; nothing where that is unknown."""
    try:
        place, files = _parse(file.read_bytes())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
    return files if place == str(root) else {}


def preload_indexes(work: Path) -> None:
    """Parse what is remembered of all trees, so that ``load_index`` finds it done."""
    for file in (work / "trees").glob("*.json"):
        load_index(file, work)


@functools.lru_cache(maxsize=4)
def _parse(index: bytes) -> tuple[str, Mapping[str, Written]]:
    """Return the tree's place, and what is known of its files."""
    stored = json.loads(index)
    if stored["format"] != _FORMAT:
        raise ValueError(stored["format"])
    return stored["root"], {
        path: Written(key, Digest(size, sha256), (size, mtime, ctime, inode, mode))
        for path, (key, size, sha256, mtime, ctime, inode, mode) in stored["files"].items()
    }


def save_index(file: Path, root: Path, files: Mapping[str, Written]) -> None:
    """Remember what is in the tree at ``root``."""
    listed = {path: (item.key, item.digest.size, item.digest.sha256, *item.state[1:]) for path, item in files.items()}
    write_atomically(file, json.dumps({"format": _FORMAT, "root": str(root), "files": listed}).encode())
