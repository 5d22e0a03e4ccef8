"""What is in a release, read from where it is: a tree, a tar, a package, or a manifest.

Works on what dray made, which describes itself, and on what ``mix release`` made, as far as its files tell.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dray.assemble.stored import is_manifest, iterate_files, parse_manifest
from dray.errors import DrayError
from dray.native.elf import read_platform
from dray.native.find import ELF_MAGIC, is_native

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_APPLICATION = re.compile(r"lib/([a-zA-Z0-9_]+)-([^/]+)/")
_RUNTIME = re.compile(r"erts-[^/]+/")


@dataclass(frozen=True, slots=True)
class InventoryFile:
    """A file of a release.

    Args:
        path: Where it is.
        size: In bytes.
        native: For machine code its platform, or ``native`` where that is not known; None for other files.
    """

    path: str
    size: int
    native: str | None = None


@dataclass(frozen=True, slots=True)
class InventoryGroup:
    """Files that belong together: an application, the runtime, or the release itself.

    Args:
        name: The application's name, ``ERTS`` or ``release``.
        version: Its version.
        origin: Who it comes from: ``otp``, ``elixir``, ``dependency``, ``project``, ``runtime``, ``release``, or
            ``unknown`` where no manifest says it.
        files: Its files.
    """

    name: str
    version: str
    origin: str
    files: tuple[InventoryFile, ...]

    @property
    def size(self) -> int:
        """The number of bytes of its files."""
        return sum(file.size for file in self.files)


@dataclass(frozen=True, slots=True)
class Inventory:
    """What is in a release.

    Args:
        source: Where it was read from.
        facts: What its manifest says of it; empty where it has none.
        groups: Its parts, the largest first.
    """

    source: str
    facts: dict[str, Any]
    groups: tuple[InventoryGroup, ...]

    @property
    def size(self) -> int:
        """The number of bytes of all files."""
        return sum(group.size for group in self.groups)

    @property
    def title(self) -> str:
        """The release's name and version, or where it was read from."""
        return f"{self.facts['name']} {self.facts['version']}" if self.facts else Path(self.source).name


def read_inventory(path: Path) -> Inventory:
    """Return what is in the release at a path.

    Args:
        path: The root of a tree, a tar (compressed or not), a package that dray made, or a ``manifest.json``.

    Raises:
        UsageError: There is nothing, or something else.
        IntegrityError: It is damaged.
    """
    facts: dict[str, Any] = {}
    files = []
    for file in iterate_files(path):
        if file.data is not None and is_manifest(file.path):
            facts = parse_manifest(file.data, f"{path}:{file.path}")
        native = _native(file.data, file.path) if file.data and is_native(file.data[:4]) else None
        files.append(InventoryFile(file.path, file.size, native))
    if path.is_file() and path.suffix == ".json":
        facts = parse_manifest(path.read_bytes(), str(path))
    return _group(str(path), facts, files)


def _native(data: bytes, path: str) -> str:
    if not data.startswith(ELF_MAGIC):
        return "native"
    try:
        return str(read_platform(data, file=path))
    except DrayError:
        return "damaged"


def _group(source: str, facts: dict[str, Any], files: Iterable[InventoryFile]) -> Inventory:
    origins = {
        f"{app['name']}-{app['version']}": app.get("origin", "unknown") for app in facts.get("applications", ())
    }
    parts: dict[tuple[str, str, str], list[InventoryFile]] = {}
    for file in files:
        parts.setdefault(_part_of(file.path, origins), []).append(file)
    groups = (InventoryGroup(*part, tuple(sorted(found, key=lambda f: -f.size))) for part, found in parts.items())
    return Inventory(source, facts, tuple(sorted(groups, key=lambda group: (-group.size, group.name))))


def _part_of(path: str, origins: dict[str, str]) -> tuple[str, str, str]:
    application = _APPLICATION.match(path)
    if application:
        name, version = application[1], application[2]
        return name, version, origins.get(f"{name}-{version}", "unknown")
    runtime = _RUNTIME.match(path)
    if runtime:
        return "ERTS", runtime[0][5:-1], "runtime"
    return "release", "", "release"


def iterate_native(inventory: Inventory) -> Iterator[InventoryFile]:
    """Yield the files of machine code, by path."""
    files = (file for group in inventory.groups for file in group.files if file.native)
    yield from sorted(files, key=lambda file: file.path)
