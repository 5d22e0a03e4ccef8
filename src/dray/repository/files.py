"""Writes files for a folder, and waits until they are on disk."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dray.repository.store import Upload

_CHUNK = 1 << 18


def write_file(path: str, upload: Upload, *, keep: bool) -> list[int]:
    """Write a file; return its handle where it is kept open."""
    target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    try:
        if isinstance(upload.body, bytes):
            _write_all(target, upload.body)
        else:
            _copy(os.open(upload.body, os.O_RDONLY | os.O_CLOEXEC), target)
    except BaseException:
        os.close(target)
        raise
    if keep:
        return [target]
    os.close(target)
    return []


def _copy(source: int, target: int) -> None:
    try:
        while data := os.read(source, _CHUNK):
            _write_all(target, data)
    finally:
        os.close(source)


def _write_all(target: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(target, rest) :]


def flush_all(handles: Sequence[int], *, few: bool) -> None:
    """Wait until files or folders are on disk: all at the same time, which costs little more than one.

    Args:
        handles: The files; none where there are many.
        few: Whether these are all; otherwise everything is flushed.
    """
    if not few:
        os.sync()
        return
    failed: list[OSError] = []

    def flush(handle: int) -> None:
        try:
            os.fsync(handle)
        except OSError as error:
            failed.append(error)

    threads = [threading.Thread(target=flush, args=(handle,)) for handle in handles[1:]]
    for thread in threads:
        thread.start()
    for handle in handles[:1]:
        flush(handle)
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
