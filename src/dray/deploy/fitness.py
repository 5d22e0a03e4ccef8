"""Whether a release can run on a host: CPU, system and C library, found out before anything is sent.

validate_fitness(read_demands(release, memory), state, host)
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.assemble.content import read_file
from dray.core.contents import File
from dray.errors import RemoteError
from dray.native.elf import read_platform
from dray.native.find import ELF_MAGIC
from dray.native.platform import Platform

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dray.core.host import Host
    from dray.core.release import Release
    from dray.deploy.host_state import HostState
    from dray.memory import Memory


@dataclass(frozen=True, slots=True)
class Demand:
    """What a file of machine code needs of a host.

    Args:
        path: The file.
        platform: CPU, system, C library and its lowest version.
    """

    path: str
    platform: Platform


def read_demands(release: Release, memory: Memory) -> tuple[Demand, ...]:
    """Return what the machine code of a release needs: of each kind of machine the file that asks for most.

    Args:
        release: The release, assembled.
        memory: Where it is remembered, since machine code seldom changes.

    Raises:
        IntegrityError: A file is damaged.
    """
    native = [file for file in _iterate_candidates(release) if _read_head(release, file) == ELF_MAGIC]
    question = "\n".join(f"{file.path} {release.digests[file.path].sha256}" for file in native)
    known = memory.find("demands", question)
    if known is not None:
        return tuple(
            Demand(path, Platform(cpu, system, libc, tuple(version)))
            for path, cpu, system, libc, version in json.loads(known)
        )
    found: dict[tuple[str, str, str], Demand] = {}
    for file in native:
        platform = read_platform(read_file(release, file), file=file.path)
        key = (platform.cpu, platform.system, platform.libc)
        if key not in found or found[key].platform.libc_version < platform.libc_version:
            found[key] = Demand(file.path, platform)
    demands = tuple(found.values())
    memory.keep("demands", question, json.dumps([_as_list(demand) for demand in demands]).encode())
    return demands


def _iterate_candidates(release: Release) -> Iterator[File]:
    """Yield the files that may be machine code: programs, and what has the name of a library."""
    for entry in release.contents:
        if isinstance(entry, File) and (entry.mode & 0o100 or ".so" in entry.path):
            yield entry


def _read_head(release: Release, file: File) -> bytes:
    """Return the first bytes of a file; of one that stands in the tree, no more is read."""
    if release.tree is None or file.path not in release.digests:
        return read_file(release, file)[: len(ELF_MAGIC)]
    with (release.tree / file.path).open("rb") as opened:
        return opened.read(len(ELF_MAGIC))


def _as_list(demand: Demand) -> list[object]:
    platform = demand.platform
    return [demand.path, platform.cpu, platform.system, platform.libc, list(platform.libc_version)]


def validate_fitness(demands: Iterable[Demand], state: HostState, host: Host) -> None:
    """Check that a host is what machine code was made for.

    Raises:
        RemoteError: It is not; the message names the file.
    """
    offered = state.platform
    for demand in demands:
        needed = demand.platform
        too_old = needed.libc and needed.libc == offered.libc and needed.libc_version > offered.libc_version
        if not needed.runs_on(offered) or too_old:
            raise RemoteError(
                f"{host} cannot run {demand.path}: it needs {needed}, and the host is {offered}",
                hint="nothing was sent; build on a machine like the host, or no newer than it",
            )
