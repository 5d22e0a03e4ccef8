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


@dataclass(frozen=True)
class BootedHost:
    """A host that runs.

    Args:
        root: Its files, as this machine sees them.
        leader: The process on this machine that is the host's first one.
    """

    root: Path
    leader: int

    def run(self, *argv: str) -> Done:
        """Run a program on the host."""
        return run("nsenter", "-t", str(self.leader), "-a", *argv, cwd=Path("/"))


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
        argv = ["systemd-nspawn", *_NSPAWN, f"--directory={root}", f"--machine={group.name}", *binds]
        script = 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"'
        with (folder / "console").open("wb") as console:
            process = subprocess.Popen(
                ["sh", "-c", script, "boot", str(group), *argv, "--", "--unit=multi-user.target"],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
                start_new_session=True,
            )
        after.callback(_power_off, process, group)
        wait_for(lambda: _leader(process), f"the host to start; {(folder / 'console').read_text()}")
        host = BootedHost(root, _leader(process))
        wait_for(
            lambda: host.run("systemctl", "is-system-running").out.strip() in {"running", "degraded"}, "boot", 60
        )
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


def _leader(process: subprocess.Popen[bytes]) -> int:
    if process.poll() is not None:
        return 0
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return int(children[0]) if children else 0


def _power_off(process: subprocess.Popen[bytes], group: Path) -> None:
    """Pull the plug: the host's files are thrown away anyhow."""
    if (group / "cgroup.kill").exists():
        (group / "cgroup.kill").write_text("1")
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(30)
    wait_for(lambda: "populated 0" in (group / "cgroup.events").read_text(), "the host's processes to end")
