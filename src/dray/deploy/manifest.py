"""The manifest of a release as what travels to a host needs it, and its difference from another one.

A manifest is JSON with one file a line (``dray.assemble.manifest``), so that the host can make a new one of the lines
of an old one: checksums cannot be compressed, and all of them would be more than what changed.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from dray.assemble.stored import parse_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


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
            moved[line.replace(*folders, 1)] = number
    parts: list[bytes] = []
    kind, first, last = b"", 0, 0
    lines: tuple[bytes | None, ...] = (*new.data.split(b"\n")[:-1], None)
    for line in lines:
        found = [(b"=", same.get(line)), (b"~", moved.get(line))] if line is not None else []
        if kind and (kind, last + 1) in found:
            last += 1
            continue
        if kind:
            parts.append(b"%s %d %d" % (kind, first, last))
        kind, number = next(((kind, number) for kind, number in found if number), (b"", 0))
        first = last = number or 0
        if line is not None and not kind:
            parts.append(b" " + line)
    return b"".join(part + b"\n" for part in parts)


def is_plain(path: str) -> bool:
    """Tell whether a path stands in a manifest as it is, so that the host can read it there."""
    return json.dumps(path) == f'"{path}"'


def iterate_tops(path: str) -> Iterator[str]:
    """Yield the folders above a path, the outermost first, and the path itself."""
    parts = path.split("/")
    for count in range(1, len(parts) + 1):
        yield "/".join(parts[:count])
