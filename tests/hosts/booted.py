"""A host with systemd as its first process, made of this machine's own files below an overlay that is thrown away.

    with booted(tmp_path, bind={tree: "/opt/shop"}) as host:
        host.run("systemctl", "is-system-running", "--wait")

It needs root, systemd-nspawn, and takes a few seconds. It has no network but its own loopback; those that
have one are hosts of :mod:`tests.hosts.fleet`.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import select
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.harness import Done, run, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_GROUPS = (Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup"))
_NSPAWN = (
    *("systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit", "--settings=no", "--notify-ready=yes"),
    *("--link-journal=no", "--resolv-conf=off", "--timezone=off"),
)
_BOOT_SECONDS = 90
_numbers = itertools.count()


@dataclass
class BootedHost:
    """A host that runs.

    Args:
        root: Its files, as this machine sees them.
        options: What systemd-nspawn is told besides.
        group: The control group of its processes.
        console: What it prints.
    """

    root: Path
    options: tuple[str, ...]
    group: Path
    console: Path
    process: subprocess.Popen[bytes] | None = None
    _ready: socket.socket | None = field(default=None, repr=False)

    def run(self, *argv: str) -> Done:
        """Run a program on the host."""
        return run("nsenter", "-t", str(self._leader()), "-a", *argv, cwd=Path("/"))

    def boot(self) -> None:
        """Start the host, and wait until it is up."""
        self.start()
        self.wait_until_up()

    def start(self) -> None:
        """Start the host, and do not wait: several hosts may start side by side."""
        # The socket has no file: those of tests lie too deep for the name of one.
        name = f"dray-ready-{os.getpid()}-{next(_numbers)}"
        self._ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._ready.bind(f"\0{name}")
        script = 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"'
        command = (*_NSPAWN, f"--directory={self.root}", f"--machine={self.group.name}", *self.options)
        env = {"LANG": "C.UTF-8", "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1", "NOTIFY_SOCKET": f"@{name}"}
        with self.console.open("ab") as console:
            self.process = subprocess.Popen(
                ["sh", "-c", script, "boot", str(self.group), *command, "--", "--unit=multi-user.target"],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                env={"PATH": os.environ["PATH"], **env},
                start_new_session=True,
            )

    def wait_until_up(self) -> None:
        """Wait until the host's systemd says that it has started everything."""
        if self._ready is None or self.process is None:
            raise AssertionError("the host was not started")
        limit = time.monotonic() + _BOOT_SECONDS
        with self._ready as ready:
            said = b""
            while b"READY=1" not in said.split(b"\n"):
                if self.process.poll() is not None or time.monotonic() > limit:
                    raise AssertionError(f"the host does not come up: {self.console.read_text(errors='replace')}")
                said = ready.recv(4096) if select.select([ready], [], [], 0.1)[0] else b""
        self._ready = None

    def reboot(self) -> None:
        """Let the host shut down and start again, and wait until it is up."""
        self.run("systemctl", "reboot")
        if self.process is not None:
            self.process.wait(90)
        self.boot()

    def pull_the_plug(self) -> None:
        """End everything on the host at once."""
        if self._ready is not None:
            self._ready.close()
            self._ready = None
        if self.process is None:
            return
        if (self.group / "cgroup.kill").exists():
            (self.group / "cgroup.kill").write_text("1")
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)
        self.process = None
        wait_for(lambda: "populated 0" in (self.group / "cgroup.events").read_text(), "the host's processes to end")

    def _leader(self) -> int:
        """Return the process on this machine that is the host's first one; it must run."""
        if self.process is None or self.process.poll() is not None:
            raise AssertionError("the host is off")
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[0])


@contextlib.contextmanager
def booted(folder: Path, *, bind: Mapping[Path, str]) -> Iterator[BootedHost]:
    """Boot a host while the block lasts.

    Args:
        folder: A folder for its files.
        bind: Folders of this machine and where the host sees them, read-only.
    """
    group = make_group(f"dray-test-{os.getpid()}")
    with contextlib.ExitStack() as after:
        after.callback(remove_group, group)
        mount(folder, "tmpfs", "mode=755")
        after.callback(unmount, folder)
        binds = [f"--bind-ro={source}:{target}" for source, target in bind.items()]
        host = BootedHost(folder / "root", ("--private-network", *binds), group, folder / "console")
        mount_root(folder, Path("/"))
        after.callback(unmount, host.root)
        after.callback(host.pull_the_plug)
        host.boot()
        yield host


def mount_root(folder: Path, *lower: Path, source: str = "dray-test") -> None:
    """Lay a folder of a host's own over files that it shares, the topmost first; both show in ``folder/root``."""
    for name in ("upper", "work", "root"):
        (folder / name).mkdir(exist_ok=True)
        (folder / name).chmod(0o755)
    options = f"lowerdir={':'.join(map(str, lower))},upperdir={folder / 'upper'},workdir={folder / 'work'}"
    mount(folder / "root", "overlay", options, source=source)


def mount(target: Path, kind: str, options: str, *, source: str = "dray-test") -> None:
    """Mount a file system that has no device."""
    subprocess.run(("mount", "-t", kind, "-o", options, source, target), check=True)


def unmount(target: Path) -> None:
    """Unmount a file system as soon as nothing uses it."""
    subprocess.run(("umount", "-l", target), check=False)


def make_group(name: str) -> Path:
    """Make a control group, in the tree that systemd of the hosts uses."""
    group = _base_group() / name
    group.mkdir(exist_ok=True)
    return group


def list_groups() -> list[Path]:
    """Return the control groups beside which those of hosts are made."""
    return [path for path in _base_group().iterdir() if path.is_dir()]


def _base_group() -> Path:
    return next(path for path in _GROUPS if (path / "cgroup.procs").exists())


def remove_group(group: Path) -> None:
    """Remove a control group without processes, and what hosts made of that name in systemd's own tree."""
    for base in (group.parent, Path("/sys/fs/cgroup/systemd")):
        for path, _, _ in os.walk(base / group.name, topdown=False):
            with contextlib.suppress(OSError):
                Path(path).rmdir()
