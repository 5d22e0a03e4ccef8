"""Small releases that are assembled and written to their trees, without Mix and without the BEAM."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dray.assemble.content import digest_of
from dray.assemble.manifest import format_manifest, manifest_path
from dray.core.application import Application, AppOrigin, AppSpec, Mode
from dray.core.contents import Directory, File, Symlink
from dray.core.release import Release

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dray.core.contents import Entry


def make_release(tree: Path, version: str, files: Mapping[str, bytes | str | None], *, app: str = "1.0") -> Release:
    """Return a release ``shop`` with these files: bytes, the target of a link, or None for a folder.

    Args:
        tree: Where it is written.
        version: Its version.
        files: What it consists of.
        app: The version of its application ``shop``.
    """
    entries = tuple(_make_entry(path, content) for path, content in files.items())
    digests = {entry.path: digest_of(entry.source) for entry in entries if isinstance(entry, File)}
    application = Application(AppSpec("shop", app), Mode.PERMANENT, tree, AppOrigin.PROJECT)
    release = Release("shop", version, applications=(application,), tree=tree, digests=digests).add(*entries)
    release = replace(release, digests=digests)
    data = format_manifest(release)
    path = manifest_path(release)
    release = replace(release.add(File(path, data)), digests={**digests, path: digest_of(data)})
    for entry in release.contents:
        _write(tree / entry.path, entry)
    return release


def _make_entry(path: str, content: bytes | str | None) -> Entry:
    if content is None:
        return Directory(path)
    if isinstance(content, str):
        return Symlink(path, content)
    return File(path, content, 0o755 if path.startswith("bin/") else 0o644)


def _write(path: Path, entry: Entry) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(entry, Symlink):
        path.symlink_to(entry.target)
    elif isinstance(entry, Directory):
        path.mkdir(exist_ok=True)
    elif isinstance(entry.source, bytes):
        path.write_bytes(entry.source)
        path.chmod(entry.mode)
