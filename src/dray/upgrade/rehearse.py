"""A rehearsal: an upgrade of a real node here, and its way back, compared with freshly booted nodes.

rehearsal = rehearse(shell, old, new, folder, env={}, load=None)
rehearsal.is_equal   # the node is what a boot of the new version makes, and afterwards what one of the old made
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dray.errors import IntegrityError, StepError
from dray.upgrade.local_node import copy_release, find_free_port, run_copy
from dray.upgrade.snapshot import find_differences, take_snapshot, watch_pauses

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dray.core.context import Completed, Shell
    from dray.upgrade.local_node import LocalNode
    from dray.upgrade.snapshot import Snapshot

_TOOL = Path(__file__).parent / "beam" / "rehearsal" / "dray_snapshot.erl"


@dataclass(frozen=True, slots=True)
class Change:
    """One way, up or down, as it went.

    Args:
        source: The version that ran.
        target: The version to change to.
        mode: ``hot``, ``restart`` or, where it failed before either, ``none``.
        reasons: Why a restart was needed.
        error: What went wrong; empty where nothing did.
        seconds: How long the command took.
        pause: The longest time, in seconds, that a process of the node took to answer meanwhile; None by a restart.
        differences: In what the node is not as a freshly booted one.
    """

    source: str
    target: str
    mode: str
    reasons: tuple[str, ...]
    error: str
    seconds: float
    pause: float | None
    differences: tuple[str, ...] = ()

    @property
    def is_equal(self) -> bool:
        """Whether it worked and left what a boot would have made."""
        return not self.error and not self.differences


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a rehearsal has shown.

    Args:
        name: The release.
        up: The upgrade.
        down: The downgrade; None where the upgrade failed.
        load: The exit status of the command that put load on the system; None without one.
    """

    name: str
    up: Change
    down: Change | None
    load: int | None = None

    @property
    def is_equal(self) -> bool:
        """Whether both ways worked, the nodes are equal, and the load met no failure."""
        return self.up.is_equal and self.down is not None and self.down.is_equal and not self.load


def rehearse(
    shell: Shell, old: Path, new: Path, folder: Path, *, env: Mapping[str, str], load: str | None = None
) -> Rehearsal:
    """Rehearse an upgrade and its downgrade.

    Args:
        shell: Starts programs.
        old: The tree of the old version.
        new: The tree of the new version, with its upgrade from the old one.
        folder: An empty folder.
        env: Variables for the system. ``PORT`` is a free port unless it is given.
        load: A command line for ``sh`` that puts load on the system meanwhile, with the same variables.

    Raises:
        StepError: One of the versions does not start here.
    """
    tools = _compile_tool(shell, folder / "tools")
    versions = read_version(old), read_version(new)
    env = {"PORT": str(find_free_port()), **env}
    with run_copy(shell, new, _make(folder / "new"), env=env) as node:
        fresh = take_snapshot(node, tools)
    with run_copy(shell, old, _make(folder / "old"), env=env) as node, _under_load(node, load) as status:
        before = take_snapshot(node, tools)
        copy_release(new, node.tree)
        up = _change(node, tools, "upgrade", versions, fresh)
        down = None if up.error else _change(node, tools, "downgrade", versions[::-1], before)
        name = node.name
    return Rehearsal(name, up, down, status[0] if status else None)


def read_version(tree: Path) -> str:
    """Return the version of a release in a folder that holds one.

    Raises:
        IntegrityError: It is not named there.
    """
    file = tree / "releases" / "start_erl.data"
    try:
        _, version = file.read_bytes().decode().split()
    except (OSError, ValueError):
        raise IntegrityError(f"{file} names the runtime and the version of a release, and does not") from None
    return version


def _make(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def _compile_tool(shell: Shell, folder: Path) -> Path:
    _make(folder)
    shell.run(("erlc", "-o", str(folder), str(_TOOL)), cwd=folder, capture=True)
    return folder


def _change(node: LocalNode, tools: Path, command: str, versions: tuple[str, str], wanted: Snapshot) -> Change:
    source, target = versions
    started = time.monotonic()
    with watch_pauses(node, tools) as pauses:
        done = node.call(command, target, "--json", check=False)
    seconds = time.monotonic() - started
    report = _read_report(node, done)
    error = report.get("error", "")
    return Change(
        source,
        target,
        report["mode"],
        tuple(report["reasons"]),
        error,
        seconds,
        pauses[0] if pauses and report["mode"] == "hot" else None,
        () if error else find_differences(take_snapshot(node, tools), wanted),
    )


def _read_report(node: LocalNode, done: Completed) -> dict[str, Any]:
    try:
        report: dict[str, Any] = json.loads(done.output)
    except ValueError:
        raise StepError(
            f"{node.name} {' '.join(done.argv[1:])} failed with status {done.status}", output=node.read_log()
        ) from None
    return report


@contextlib.contextmanager
def _under_load(node: LocalNode, command: str | None) -> Iterator[list[int]]:
    """Run a command beside the block, and wait for its end; the list holds its exit status then."""
    status: list[int] = []
    if command is None:
        yield status
        return

    def put_load() -> None:
        done = node.shell.run(("sh", "-c", command), cwd=node.folder, env=node.environ, check=False)
        status.append(done.status)

    thread = threading.Thread(target=put_load)
    thread.start()
    try:
        yield status
    finally:
        thread.join()
