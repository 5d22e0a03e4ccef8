"""What a package needs: libraries that its machine code links against, and what its scripts call."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dray.core.contents import File
from dray.native.elf import read_header
from dray.native.find import ELF_MAGIC, is_native
from dray.package.deb.identity import find_architecture

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dray.core.contents import Entry
    from dray.package.deb.options import DebOptions

_SYSTEM = ("init-system-helpers (>= 1.54~)", "systemd | systemd-standalone-sysusers | systemd-sysusers")
_HEAD = 64


@dataclass(frozen=True, slots=True)
class Relations:
    """A package's relations to others.

    Args:
        architecture: Debian's name of the CPU, or ``all``.
        depends: What it needs.
        recommends: What is installed with it.
    """

    architecture: str
    depends: tuple[str, ...]
    recommends: tuple[str, ...]


def find_relations(
    contents: Iterable[Entry], options: DebOptions, distributions: tuple[str, ...], *, name: str
) -> Relations:
    """Return the relations of a package.

    Args:
        contents: Its files.
        options: What the user says.
        distributions: Where it is to be installed.
        name: The package, for messages.

    Raises:
        ConfigError: Machine code is for several CPUs, or for one that Debian does not know.
    """
    machine_code = [(entry, data) for entry, data in _iterate_native(contents) if data[:4] == ELF_MAGIC]
    cpus = frozenset(read_header(data, file=entry.path).cpu for entry, data in machine_code)
    depends = (*_SYSTEM, *options.depends)
    return Relations(find_architecture(cpus), tuple(dict.fromkeys(depends)), options.recommends)


def _iterate_native(contents: Iterable[Entry]) -> Iterable[tuple[File, bytes]]:
    for entry in contents:
        if isinstance(entry, File) and isinstance(entry.source, Path):
            with entry.source.open("rb") as file:
                head = file.read(_HEAD)
            if is_native(head[:4]):
                yield entry, head
