"""A release that runs on this machine for a moment, out of everybody's way.

It is a copy in a folder of its own, with a node name, a port mapper and a cookie of its own, and ends with the block.

    with run_copy(shell, tree, folder, env={"PORT": "4040"}) as node:
        node.call("rpc", "Shop.open?()")
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dray.errors import StepError, ToolError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dray.core.context import Completed, Shell

_START_SECONDS = 60
_PROCESSES = Path("/proc")
_OWN = ("RELEASE_VSN", "RELEASE_SYS_CONFIG", "RELEASE_VM_ARGS", "RELEASE_REMOTE_VM_ARGS", "RELEASE_DISTRIBUTION")


@dataclass(frozen=True, slots=True)
class LocalNode:
    """A release that runs here.

    Args:
        shell: Starts its launcher.
        tree: Its folder.
        name: The release's name.
        environ: The variables that its launcher gets.
        folder: Where it keeps what it writes.
    """

    shell: Shell
    tree: Path
    name: str
    environ: Mapping[str, str]
    folder: Path

    def call(self, *arguments: str, check: bool = True) -> Completed:
        """Run a command of the launcher; see ``Shell.run``."""
        launcher = (str(self.tree / "bin" / self.name), *arguments)
        return self.shell.run(launcher, cwd=self.folder, env=self.environ, capture=True, check=check)

    def read_address(self) -> tuple[str, str]:
        """Return how the node is named, ``sname`` or ``name``, and its name: what its flags begin with."""
        (flags,) = (self.folder / "tmp").glob("*.vm.args")
        _, _, name, distribution, *_ = flags.read_text(encoding="utf-8").split(maxsplit=5)
        return distribution, name

    def read_log(self) -> str:
        """Return the last lines of what the system said."""
        logs = sorted((self.folder / "tmp" / "log").glob("erlang.log.*"), key=lambda log: log.stat().st_mtime)
        lines = logs[-1].read_text(encoding="utf-8", errors="replace").splitlines() if logs else []
        return "\n".join(lines[-20:])


@contextlib.contextmanager
def run_copy(shell: Shell, tree: Path, folder: Path, *, env: Mapping[str, str]) -> Iterator[LocalNode]:
    """Start a copy of a release in the background, and end it with the block.

    Args:
        shell: Starts programs.
        tree: The release.
        folder: An empty folder, for the copy and what it writes.
        env: Further variables for the system.

    Yields:
        The node, when all its applications have started.

    Raises:
        StepError: It does not start; the error shows what it said.
    """
    copy = folder / "release"
    copy_release(tree, copy)
    node = LocalNode(shell, copy, find_name(tree), _list_variables(folder, env), folder)
    try:
        _start(node)
        yield node
    finally:
        _stop(node)


def copy_release(source: Path, target: Path) -> None:
    """Put the files of a release into a folder; what is there already stays, and what a running system wrote is left.

    Links would be faster, and would change the state by which dray knows the files of a tree.
    """
    for path, folders, names in os.walk(source):
        inner = os.path.relpath(path, source)
        if inner == ".":
            folders[:] = [name for name in folders if name != "tmp"]
        there = target / inner
        there.mkdir(parents=True, exist_ok=True)
        for name in names:
            if not os.path.lexists(there / name):
                shutil.copy2(f"{path}/{name}", there / name, follow_symlinks=False)


def find_name(tree: Path) -> str:
    """Return the name of the release in a folder, which its launcher bears.

    Raises:
        StepError: There is none, or it has no launcher of dray's.
    """
    names = sorted(path.stem for path in tree.glob("releases/*/*.rel") if (path.parent / "launcher").exists())
    if not names:
        raise StepError(f"{tree} holds no release that dray has built, so it cannot be started here")
    return names[0]


def find_free_port() -> int:
    """Return a TCP port of this machine that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _list_variables(folder: Path, env: Mapping[str, str]) -> dict[str, str]:
    return {
        **env,
        **dict.fromkeys(_OWN, ""),
        "RELEASE_NODE": f"rehearsal-{os.getpid()}-{folder.name}",
        "RELEASE_COOKIE": os.urandom(16).hex(),
        "RELEASE_TMP": str(folder / "tmp"),
        "ERL_EPMD_PORT": str(find_free_port()),
        "RELEASE_START_TIMEOUT": str(_START_SECONDS),
    }


def _start(node: LocalNode) -> None:
    try:
        node.call("daemon")
        limit = time.monotonic() + _START_SECONDS
        while node.call("ready", check=False).status != 0:
            if time.monotonic() > limit:
                raise StepError(f"{node.name} did not start within {_START_SECONDS} s", output=node.read_log())
            if not _lives(node):
                raise StepError(f"{node.name} ended while it was starting", output=node.read_log())
            time.sleep(0.05)
    except ToolError as error:
        raise StepError(f"{node.name} does not start here", output=error.output) from error


def _lives(node: LocalNode) -> bool:
    """Tell whether the process is there that keeps the system's terminal: its port mapper outlives a system."""
    return not _PROCESSES.is_dir() or bool(_find_processes(node.folder / "tmp" / "pipe"))


def _find_processes(folder: Path) -> list[int]:
    """Return the processes whose command line names a folder.

    A process can end at any moment, also between listing and reading it, and ``Path.glob`` fails when one does.
    """
    wanted, found = f"{folder}/".encode(), []
    for process in _PROCESSES.iterdir() if _PROCESSES.is_dir() else ():
        with contextlib.suppress(OSError):
            if process.name.isdigit() and wanted in (process / "cmdline").read_bytes():
                found.append(int(process.name))
    return found


def _stop(node: LocalNode) -> None:
    """End the system and all that it has started, its port mapper too: by force, since nobody waits for its work."""
    if not _PROCESSES.is_dir():
        node.call("stop", check=False)
    for process in _find_processes(node.folder):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
