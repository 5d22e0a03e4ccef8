"""What is in a release, read from where it is: a tree, a tar, or a manifest.

Works on what dray made, which describes itself, and on what ``mix release`` made, as far as its files tell.
"""

from __future__ import annotations

import json
import os
import re
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dray.errors import DrayError, IntegrityError, Location, UsageError
from dray.native.elf import read_platform
from dray.native.find import ELF_MAGIC, is_native

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MANIFEST = re.compile(r"releases/[^/]+/manifest\.json\Z")
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
        path: The root of a tree, a tar (compressed or not), or a ``manifest.json``.

    Raises:
        UsageError: There is nothing, or something else.
        IntegrityError: It is damaged.
    """
    if path.is_dir():
        return _from_tree(path)
    if not path.is_file():
        raise UsageError(f"there is nothing at {path}", hint="dray build makes a release")
    if path.suffix == ".json":
        return _from_manifest(path)
    if tarfile.is_tarfile(path):
        return _from_tar(path)
    raise UsageError("dray inspect reads a release's folder, its tar, or its manifest.json", got=str(path))


def _from_tree(root: Path) -> Inventory:
    if not (root / "releases").is_dir():
        raise UsageError("a release's folder holds the folder releases", got=str(root))
    files, facts = [], {}
    for folder, _, names in os.walk(root):
        inner = Path(folder).relative_to(root).as_posix()
        if inner == "tmp" or inner.startswith("tmp/"):
            continue
        for name in names:
            path = Path(folder, name)
            relative = name if inner == "." else f"{inner}/{name}"
            if path.is_symlink() or not path.is_file():
                continue
            if _MANIFEST.match(relative):
                facts = _parse_manifest(path.read_bytes(), str(path))
            with path.open("rb") as file:
                head = file.read(4)
            native = _native(head, path.read_bytes(), relative) if is_native(head) else None
            files.append(InventoryFile(relative, path.stat().st_size, native))
    return _group(str(root), facts, files)


def _from_tar(path: Path) -> Inventory:
    files, facts = [], {}
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                content = archive.extractfile(member) if member.isfile() else None
                if content is None:
                    continue
                name = member.name.removeprefix("./")
                head = content.read(4)
                if _MANIFEST.match(name):
                    facts = _parse_manifest(head + content.read(), f"{path}:{name}")
                native = _native(head, head + content.read(), name) if is_native(head) else None
                files.append(InventoryFile(name, member.size, native))
    except (tarfile.TarError, EOFError, OSError) as error:
        raise IntegrityError(f"the tar is damaged: {error}", location=Location(str(path))) from error
    if not any(file.path.startswith("releases/") for file in files):
        raise UsageError("a release's tar holds the folder releases", got=str(path))
    return _group(str(path), facts, files)


def _from_manifest(path: Path) -> Inventory:
    facts = _parse_manifest(path.read_bytes(), str(path))
    files = [InventoryFile(item["path"], item["size"]) for item in facts["files"] if "size" in item]
    return _group(str(path), facts, files)


def _parse_manifest(data: bytes, file: str) -> dict[str, Any]:
    try:
        facts = json.loads(data)
        wanted = {"name", "version", "applications", "files"}
        if isinstance(facts, dict) and wanted <= facts.keys() and all("path" in item for item in facts["files"]):
            return facts
    except (ValueError, TypeError):
        pass
    raise IntegrityError("the file is no manifest of a release", location=Location(file))


def _native(head: bytes, data: bytes, path: str) -> str:
    if head != ELF_MAGIC:
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
