"""Runs a task that makes files of the project, unless nothing has changed since it ran the last time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dray.disk import read_sealed, write_sealed
from dray.project.git import filter_ignored
from dray.project.snapshot import Snapshot, differences, take_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dray.core.context import Context


def run_unless_made(ctx: Context, name: str, task: str, *, outputs: Path, run: Callable[[], None]) -> bool:
    """Run a task unless it has run on the project as it is now.

    Args:
        ctx: The outside world.
        name: What the task is run for.
        task: The task.
        outputs: The folder that it makes files in. What changes there while it runs is its work; so is what git
            ignores. Any other change is the user's, and counts the next time.
        run: Runs the task.

    Returns:
        Whether it ran.
    """
    record = ctx.work / "made" / f"{name}.json"
    before = _take(ctx)
    made = _load(record, task)
    if made is not None and not ctx.mix_arguments and not differences(made, before):
        return False
    record.unlink(missing_ok=True)
    run()
    after = _take(ctx)
    changed = differences(before, after)
    own = {path for path in changed if path.startswith(f"{outputs}/")}
    own |= set(filter_ignored(ctx.shell, ctx.root, [path for path in changed if path not in own]))
    settled = before.update(after, own).settle(after)
    write_sealed(record, json.dumps([task, settled.to_json()]).encode())
    return True


def _load(record: Path, task: str) -> Snapshot | None:
    """Return the state in which a task left the project; None where that is unknown."""
    kept = read_sealed(record)
    try:
        of_task, snapshot = json.loads(kept or b"")
        return Snapshot.from_json(snapshot) if of_task == task else None
    except (ValueError, TypeError, AttributeError):
        return None


def _take(ctx: Context) -> Snapshot:
    return take_snapshot([ctx.root], moment=int(ctx.clock.now() * 1e9))
