"""A number that one fleet of hosts at a time has on this machine, and that everything it makes here is named after.

The number is claimed by a lock, which ends with its process, whatever ends that. So fleets of several processes do
not collide, and what a fleet has left that was killed is removed by the next one that gets its number: before and
after a fleet the same function clears away all that bears the name.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
from pathlib import Path
from typing import IO, TYPE_CHECKING

from tests.harness import wait_for
from tests.hosts.booted import list_groups, remove_group, unmount

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOCKS = Path("/run")
_NUMBERS = 200
_INSTANCES = Path("/proc/sys/fs/inotify/max_user_instances")


@contextlib.contextmanager
def claimed_name(*, instances: int) -> Iterator[tuple[str, int]]:
    """Claim a name and its number while the block lasts; everything that bears the name is removed then.

    Args:
        instances: How many inotify instances the hosts need; they all draw on the allowance of this machine's root.
    """
    lock, number = _take_lock()
    name = f"dray-f{number}"
    with lock:
        try:
            _clear(name, lock)
            lock.write(str(instances))
            lock.flush()
            _allow_instances(instances)
            yield name, number
        finally:
            _clear(name, lock)
            left = list_left(name)  # now, since the next owner of the name may begin at once
            Path(lock.name).unlink()
            if left:
                raise AssertionError(f"a fleet has left {', '.join(left)}")


def run_ip(*lines: str, namespace: str = "", must: bool = True) -> None:
    """Run commands of ip(8), in a network namespace or in that of this machine."""
    inside = ("-n", namespace) if namespace else ()
    options = () if must else ("-force",)
    batch = "".join(f"{line}\n" for line in lines)
    done = subprocess.run(
        ("ip", *inside, *options, "-batch", "-"), input=batch, text=True, capture_output=True, check=False
    )
    if must and done.returncode != 0:
        raise AssertionError(f"ip {batch}: {done.stderr}")


def list_left(name: str) -> list[str]:
    """Return what there is on this machine that bears a name: mounts, control groups, network namespaces, links."""
    return [*_mounts(name), *map(str, _groups(name)), *_namespaces(name), *_links(name)]


def _take_lock() -> tuple[IO[str], int]:
    for number in range(_NUMBERS):
        lock = (_LOCKS / f"dray-f{number}.lock").open("a+")
        with contextlib.suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Its last owner may have removed the file between the opening and the lock.
            if os.fstat(lock.fileno()).st_ino == Path(lock.name).stat().st_ino:
                return lock, number
        lock.close()
    raise AssertionError(f"{_NUMBERS} fleets run on this machine")


def _clear(name: str, lock: IO[str]) -> None:
    """Remove everything that bears a name."""
    for link in _links(name):
        run_ip(f"link del {link}", must=False)  # the cables first: a host that ends must not say goodbye
    for group in _groups(name):
        _end_processes(group)
        remove_group(group)
    for target in _mounts(name):
        unmount(Path(target))
    run_ip(*[f"netns del {namespace}" for namespace in _namespaces(name)], must=False)
    for folder in Path("/run/systemd/nspawn/propagate").glob(f"{name}-*"):
        folder.rmdir()
    lock.seek(0)
    noted = lock.read()
    _allow_instances(-int(noted or 0))
    lock.truncate(0)


def _end_processes(group: Path) -> None:
    if not (group / "cgroup.kill").exists():
        return

    def is_empty() -> bool:
        (group / "cgroup.kill").write_text("1")
        return "populated 0" in (group / "cgroup.events").read_text()

    wait_for(is_empty, f"the processes of {group} to end")


def _allow_instances(more: int) -> None:
    """Change the allowance by an amount: fleets begin and end in any order."""
    if more == 0:
        return
    with _INSTANCES.open() as allowed:
        fcntl.flock(allowed, fcntl.LOCK_EX)
        _INSTANCES.write_text(str(int(allowed.read()) + more))


def _mounts(name: str) -> list[str]:
    """Return where file systems of that source are mounted, the last one first."""
    lines = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    return [target.replace("\\040", " ") for source, target, *_ in reversed(lines) if source == name]


def _groups(name: str) -> list[Path]:
    return [group for group in list_groups() if group.name.startswith(f"{name}-")]


def _namespaces(name: str) -> list[str]:
    return [path.name for path in Path("/run/netns").glob(f"{name}-*")]


def _links(name: str) -> list[str]:
    """Return the cables and the bridge; a cable goes with both its ends."""
    links = [path.name for path in Path("/sys/class/net").iterdir()]
    return [link for link in sorted(links, reverse=True) if link == name or link.startswith(f"{name}-")]
