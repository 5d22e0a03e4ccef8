"""The manifest of a release as what travels to a host needs it, and its difference from another one.

A manifest is JSON with one file a line (``dray.assemble.manifest``), so that the host can make a new one of the lines
of an old one: checksums cannot be compressed, and all of them would be more than what changed.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from dray.assemble.stored import parse_manifest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Contents: TypeAlias = "Mapping[tuple[str, str], str]"
"""What identifies the files of applications, by name and version."""


@dataclass(frozen=True, slots=True)
class Item:
    """A file of a manifest, or a link: checksum, mode and size, or the target."""

    path: str
    sha256: str = ""
    mode: str = ""
    size: int = 0
    target: str = ""

    @property
    def identity(self) -> tuple[str, str, str]:
        """What two items of the same content share."""
        return self.sha256, self.mode, self.target


@dataclass(frozen=True)
class Manifest:
    """A manifest.

    Args:
        data: Its bytes.
        version: The release's version.
        applications: Name, version and digest of each application.
        items: Its files and links, by path.
        directories: Its directories and their modes.
    """

    data: bytes
    version: str
    applications: tuple[tuple[str, str, str], ...]
    items: Mapping[str, Item]
    directories: tuple[tuple[str, str], ...] = ()

    @cached_property
    def contents(self) -> Contents:
        """What identifies the files of each application, by its name and version; appups do not count."""
        return identify_applications(self.items.values(), ((name, version) for name, version, _ in self.applications))

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of its bytes."""
        return hashlib.sha256(self.data).hexdigest()


def read_manifest(data: bytes, source: str) -> Manifest:
    """Return what the bytes of a manifest say.

    Args:
        data: The bytes.
        source: Where they come from, for the message.

    Raises:
        IntegrityError: They are no manifest.
    """
    facts = parse_manifest(data, source)
    items, directories = {}, []
    for entry in facts["files"]:
        path = entry["path"]
        if entry.get("directory"):
            directories.append((path, entry.get("mode", "0755")))
        elif "target" in entry:
            items[path] = Item(path, target=entry["target"])
        else:
            items[path] = Item(path, entry["sha256"], entry["mode"], entry["size"])
    applications = tuple((app["name"], app["version"], app.get("digest", "")) for app in facts["applications"])
    return Manifest(data, facts["version"], applications, items, tuple(directories))


def format_difference(base: Manifest, new: Manifest) -> bytes:
    """Return how a manifest is made of another one, a line for each part of it.

    ``= FIRST LAST`` are lines of the base, ``~ FIRST LAST`` are lines of the base in which the folder of the version
    is that of the new one, and lines behind a space stand for themselves.
    """
    folders = [f'"path": "releases/{manifest.version}/'.encode() for manifest in (base, new)]
    same, moved = {}, {}
    for number, line in enumerate(base.data.split(b"\n"), start=1):
        same[line] = number
        if folders[0] in line:
            moved[line.replace(folders[0], folders[1], 1)] = number
    parts: list[bytes] = []
    run: tuple[bytes, int, int] | None = None
    for line in new.data.split(b"\n")[:-1]:
        found = [(kind, lines[line]) for kind, lines in ((b"=", same), (b"~", moved)) if line in lines]
        if run is not None and (run[0], run[2] + 1) in found:
            run = (run[0], run[1], run[2] + 1)
            continue
        if run is not None:
            parts.append(b"%s %d %d" % run)
        run = (*found[0], found[0][1]) if found else None
        if run is None:
            parts.append(b" " + line)
    if run is not None:
        parts.append(b"%s %d %d" % run)
    return b"".join(part + b"\n" for part in parts)


def identify_applications(items: Iterable[Item], applications: Iterable[tuple[str, str]]) -> Contents:
    """Return what identifies the files of applications, by name and version; appups do not count.

    Args:
        items: The files of a release, by path.
        applications: Names and versions; those without files are left out.
    """
    folders: dict[str, list[str]] = {}
    for item in items:
        if item.path.startswith("lib/") and not is_of_upgrade(item.path):
            folder, _, inner = item.path[4:].partition("/")
            folders.setdefault(folder, []).append(f"{inner}\0{item.sha256}\0{item.mode}\0{item.target}\n")
    return {
        (name, version): hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()
        for name, version in applications
        if (lines := folders.get(f"{name}-{version}"))
    }


def is_of_upgrade(path: str) -> bool:
    """Tell whether a file is an appup: it says where a version came from, and two builds of it may differ there."""
    return path.startswith("lib/") and path.endswith(".appup")


def is_plain(path: str) -> bool:
    """Tell whether a path stands in a manifest as it is, so that the host can read it there."""
    return json.dumps(path) == f'"{path}"'
