"""What a package depends on: libraries that its machine code links against, and what its scripts call."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dray.core.contents import File
from dray.native.find import ELF_MAGIC
from dray.native.needs import read_needs
from dray.package.deb.identity import find_architecture
from dray.package.deb.shlibs import find_dependencies, validate_dependencies

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dray.core.contents import Entry
    from dray.native.needs import Needs

SCRIPTS = ("init-system-helpers (>= 1.54~)", "systemd | systemd-standalone-sysusers | systemd-sysusers")
"""What the maintainer scripts call."""


@dataclass(frozen=True, slots=True)
class PackageRelations:
    """A package's relations to others.

    Args:
        architecture: Debian's name of the CPU, or ``all``.
        depends: What it needs.
    """

    architecture: str
    depends: tuple[str, ...]


def list_relations(
    contents: Iterable[Entry],
    further: tuple[str, ...],
    distributions: tuple[str, ...],
    *,
    root: str,
    machine: str | None,
) -> PackageRelations:
    """Return the relations of a package.

    Args:
        contents: The files of the release.
        further: What it needs besides.
        distributions: Where it is to be installed.
        root: The folder of the release in the package.
        machine: The distribution that this machine runs; None for another one.

    Raises:
        ConfigError: Machine code is for several CPUs, or for one that Debian does not know.
        ProjectError: Machine code cannot be loaded on one of the distributions.
        IntegrityError: Machine code is damaged.
    """
    needs = tuple(_iterate_needs(contents, f"{root}/"))
    architecture = find_architecture(frozenset(need.cpu for need in needs))
    dependencies = find_dependencies(needs, distributions, machine=machine)
    validate_dependencies(dependencies)
    return PackageRelations(architecture, tuple(dict.fromkeys((*dependencies.relations, *further))))


def _iterate_needs(contents: Iterable[Entry], root: str) -> Iterator[Needs]:
    for entry in contents:
        if not isinstance(entry, File) or not isinstance(entry.source, Path) or entry.path.endswith(".beam"):
            continue
        with entry.source.open("rb") as file:
            if file.read(len(ELF_MAGIC)) != ELF_MAGIC:
                continue
            file.seek(0)
            data = file.read()
        yield read_needs(data, file=entry.path.removeprefix(root))
