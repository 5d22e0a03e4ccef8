"""dray's own folder in a project: only one build uses it at a time."""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING

from dray.errors import StepError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dray.core.context import Console


@contextlib.contextmanager
def lock_work(work: Path, console: Console) -> Iterator[None]:
    """Keep other builds of the same project and environment away while the block lasts; wait for one that runs.

    Raises:
        StepError: The folder cannot be written.
    """
    try:
        work.mkdir(parents=True, exist_ok=True)
        lock = (work / "lock").open("a+", encoding="utf-8", errors="replace")
    except OSError as error:
        raise StepError(
            f"dray cannot write to {work}: {error.strerror}",
            hint="where the project is read-only, set MIX_BUILD_PATH to a folder that is not",
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            console.info(f"another build of this project is running (process {lock.read().strip()}); waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield
