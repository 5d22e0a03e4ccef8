"""A host with systemd as its first process, made of this machine's own files below an overlay that is thrown away.

    with booted(tmp_path, bind={tree: "/opt/shop"}) as host:
        host.run("systemctl", "is-system-running", "--wait")

It needs root, systemd-nspawn, and takes a few seconds. It has no network but its own loopback.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.harness import Done, run, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_GROUPS = (Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup"))
_NSPAWN = (
    *("--quiet", "--boot", "--private-network", "--register=no", "--keep-unit", "--settings=no"),
    *("--link-journal=no", "--resolv-conf=off", "--timezone=off"),
)


@dataclass
class BootedHost:
    """A host that runs.

    Args:
        root: Its files, as this machine sees them.
        command: The program that boots it.
        group: The control group of its processes.
        console: What it prints.
    """

    root: Path
    command: tuple[str, ...]
    group: Path
    console: Path
    process: subprocess.Popen[bytes] | None = None

    def run(self, *argv: str) -> Done:
        """Run a program on the host."""
        return run("nsenter", "-t", str(self._leader()), "-a", *argv, cwd=Path("/"))

    def boot(self) -> None:
        """Start the host, and wait until it is up."""
        script = 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"'
        with self.console.open("ab") as console:
            self.process = subprocess.Popen(
                ["sh", "-c", script, "boot", str(self.group), *self.command, "--", "--unit=multi-user.target"],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
                start_new_session=True,
            )
        self._wait_until_up()

    def reboot(self) -> None:
        """Let the host shut down and start again, and wait until it is up."""
        self.run("systemctl", "reboot")
        if self.process is not None:
            self.process.wait(90)
        self.boot()

    def pull_the_plug(self) -> None:
        """End everything on the host at once."""
        if self.process is None:
            return
        if (self.group / "cgroup.kill").exists():
            (self.group / "cgroup.kill").write_text("1")
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)
        self.process = None
        wait_for(lambda: "populated 0" in (self.group / "cgroup.events").read_text(), "the host's processes to end")

    def _wait_until_up(self) -> None:
        wait_for(self._leader, f"the host to start; {self.console.read_text()}")
        states = {"running", "degraded"}
        wait_for(lambda: self.run("systemctl", "is-system-running").out.strip() in states, "boot", 60)

    def _leader(self) -> int:
        """Return the process on this machine that is the host's first one; 0 while there is none."""
        if self.process is None or self.process.poll() is not None:
            return 0
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[0]) if children else 0


@contextlib.contextmanager
def booted(folder: Path, *, bind: Mapping[Path, str]) -> Iterator[BootedHost]:
    """Boot a host while the block lasts.

    Args:
        folder: A folder for its files.
        bind: Folders of this machine and where the host sees them, read-only.
    """
    root, group = folder / "root", _make_group(f"dray-test-{os.getpid()}")
    with contextlib.ExitStack() as after:
        after.callback(_remove_group, group)
        _mount(after, folder, "tmpfs", "mode=755")
        for name in ("upper", "work", "root"):
            (folder / name).mkdir()
        options = f"lowerdir=/,upperdir={folder / 'upper'},workdir={folder / 'work'}"
        _mount(after, root, "overlay", options)
        binds = [f"--bind-ro={source}:{target}" for source, target in bind.items()]
        command = ("systemd-nspawn", *_NSPAWN, f"--directory={root}", f"--machine={group.name}", *binds)
        host = BootedHost(root, command, group, folder / "console")
        after.callback(host.pull_the_plug)
        host.boot()
        yield host


def _mount(after: contextlib.ExitStack, target: Path, kind: str, options: str) -> None:
    subprocess.run(("mount", "-t", kind, "-o", options, "dray-test", target), check=True)
    after.callback(lambda: subprocess.run(("umount", "-l", target), check=False))


def _make_group(name: str) -> Path:
    base = next(path for path in _GROUPS if (path / "cgroup.procs").exists())
    (base / name).mkdir(exist_ok=True)
    return base / name


def _remove_group(group: Path) -> None:
    for base in (group.parent, Path("/sys/fs/cgroup/systemd")):
        for path, _, _ in os.walk(base / group.name, topdown=False):
            with contextlib.suppress(OSError):
                Path(path).rmdir()
