"""A release where it lies: a folder, a tar, a Debian package, or a ``manifest.json`` alone; its files one by one.

for file in iterate_files(Path("shop-0.1.0.tar.gz")):
    print(file.path, file.size)
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dray.disk import read_whole
from dray.errors import IntegrityError, Location, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MANIFEST = re.compile(r"releases/[^/]+/manifest\.json\Z")


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a stored release.

    Args:
        path: Where it is in the release.
        size: In bytes.
        data: Its bytes; None where only a manifest tells of it.
        sha256: Its checksum, where only a manifest tells of it.
    """

    path: str
    size: int
    data: bytes | None
    sha256: str | None = None


def iterate_files(path: Path) -> Iterator[StoredFile]:
    """Yield the regular files of the release at a path.

    Args:
        path: The root of a tree, a tar (compressed or not), a package that dray made, or a ``manifest.json``.

    Raises:
        UsageError: There is nothing, or something else.
        IntegrityError: It is damaged.
    """
    if path.is_dir():
        yield from _iterate_tree(path)
    elif not path.is_file():
        raise UsageError(f"there is nothing at {path}", hint="dray build makes a release")
    elif path.suffix == ".json":
        yield from list_manifest_files(parse_manifest(path.read_bytes(), str(path)))
    else:
        from dray.assemble.stored_deb import is_package  # noqa: PLC0415 - a folder needs none of it

        yield from _iterate_deb(path) if is_package(path) else _iterate_tar(path)


def is_manifest(path: str) -> bool:
    """Tell whether a path in a release is that of its manifest."""
    return _MANIFEST.match(path) is not None


def parse_manifest(data: bytes, file: str) -> dict[str, Any]:
    """Return what a manifest says.

    Raises:
        IntegrityError: It is none.
    """
    try:
        facts: dict[str, Any] = json.loads(data)
        _validate_manifest(facts)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise IntegrityError("the file is no manifest of a release", location=Location(file)) from None
    return facts


def _validate_manifest(facts: dict[str, Any]) -> None:
    """Raise what ``parse_manifest`` catches unless all that dray reads of a manifest is there, and is of its type."""
    applications, files, upgrades = facts["applications"], facts["files"], facts.get("upgrades", ())
    texts = [
        *(item[key] for item in (facts, *applications) for key in ("name", "version")),
        *(item["path"] for item in files),
        *(item["from"] for item in upgrades),
        *(reason for item in upgrades for reason in item.get("reasons", ())),
        *(item.get("sha256", "") for item in files),
        *(item.get("origin", "") for item in applications),
        *(facts.get(key) or "" for key in ("otp", "elixir", "erts", "env")),
        (facts.get("commit") or {}).get("sha", ""),
    ]
    sizes = [item.get("size", 0) for item in files]
    if not (all(isinstance(text, str) for text in texts) and all(isinstance(size, int) for size in sizes)):
        raise TypeError("a manifest has texts and sizes")


def list_manifest_files(facts: dict[str, Any]) -> list[StoredFile]:
    """Return the regular files that a manifest speaks of."""
    return [
        StoredFile(item["path"], item["size"], None, item.get("sha256")) for item in facts["files"] if "size" in item
    ]


def _iterate_tree(root: Path) -> Iterator[StoredFile]:
    for path in iterate_paths(root):
        try:
            data, _ = read_whole(f"{root}/{path}")
        except OSError as error:
            raise IntegrityError(f"{root}/{path} cannot be read: {error.strerror or error}") from error
        yield StoredFile(path, len(data), data)


def iterate_paths(root: Path) -> Iterator[str]:
    """Yield where the regular files are in the release whose tree has this root.

    Raises:
        UsageError: It is no release.
    """
    if not (root / "releases").is_dir():
        raise UsageError("a release's folder holds the folder releases", got=str(root))
    yield from _walk(str(root), "")


def _walk(folder: str, prefix: str) -> Iterator[str]:
    """Yield the paths of the regular files below a folder, without what a running release keeps in its own."""
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        if entry.is_file(follow_symlinks=False):
            yield prefix + entry.name
    for entry in entries:
        if entry.is_dir(follow_symlinks=False) and (prefix or entry.name != "tmp"):
            yield from _walk(entry.path, f"{prefix}{entry.name}/")


def _iterate_deb(path: Path) -> Iterator[StoredFile]:
    from dray.assemble.content import read_source  # noqa: PLC0415
    from dray.assemble.stored_deb import iterate_package  # noqa: PLC0415
    from dray.core.contents import File  # noqa: PLC0415

    try:
        for entry in iterate_package(path):
            if isinstance(entry, File):
                data = read_source(entry.source)
                yield StoredFile(entry.path, len(data), data)
    except OSError as error:
        raise IntegrityError(f"the package cannot be read: {error}", location=Location(str(path))) from error


def _iterate_tar(path: Path) -> Iterator[StoredFile]:
    import lzma  # noqa: PLC0415
    import tarfile  # noqa: PLC0415
    import zlib  # noqa: PLC0415

    damage = (tarfile.TarError, OSError, EOFError, ValueError, OverflowError, zlib.error, lzma.LZMAError)
    if not tarfile.is_tarfile(path):
        raise UsageError("a release is a folder, a tar, a Debian package, or a manifest.json", got=str(path))
    found = False
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                content = archive.extractfile(member) if member.isfile() else None
                if content is not None:
                    name = member.name.removeprefix("./")
                    found = found or name.startswith("releases/")
                    yield StoredFile(name, member.size, content.read())
    except damage as error:
        raise IntegrityError(f"the tar is damaged: {error}", location=Location(str(path))) from error
    if not found:
        raise UsageError("a release's tar holds the folder releases", got=str(path))
