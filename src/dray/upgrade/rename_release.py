"""Gives applications of an assembled release other versions; see ``dray.upgrade.rename``.

rename_applications(release, {"shop": "0.1.0+3f2a9c"})
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dray.assemble.content import read_file
from dray.core.contents import Directory, File, Symlink
from dray.upgrade.rename import Renaming

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dray.core.contents import Entry
    from dray.core.release import Release


def rename_applications(release: Release, versions: Mapping[str, str]) -> Release:
    """Return an assembled release in which applications have other versions.

    Args:
        release: The release, its files in the tree.
        versions: Name and new version.

    Raises:
        IntegrityError: A file that names versions is damaged.
    """
    if not versions:
        return release
    renaming = Renaming({app.name: app.version for app in release.applications}, versions)
    files = {entry.path: entry for entry in release.contents if isinstance(entry, File)}
    bytes_of = renaming.files(files, lambda path: read_file(release, files[path]))
    entries = tuple(_rename_entry(entry, renaming, bytes_of) for entry in release.contents)
    applications = tuple(
        replace(app, spec=replace(app.spec, version=versions[app.name])) if app.name in versions else app
        for app in release.applications
    )
    changed = {new.path for old, new in zip(release.contents, entries, strict=True) if old is not new}
    kept = {path: digest for path, digest in release.digests.items() if path in files and path not in changed}
    return replace(release, applications=applications, contents=(), digests=kept).add(*entries)


def _rename_entry(entry: Entry, renaming: Renaming, bytes_of: Mapping[str, bytes]) -> Entry:
    path = renaming.entry_path(entry.path)
    if isinstance(entry, File) and path in bytes_of:
        return replace(entry, path=path, source=bytes_of[path])
    if isinstance(entry, Symlink):
        target = renaming.path(entry.target)
        return entry if (path, target) == (entry.path, entry.target) else Symlink(path, target)
    if path == entry.path:
        return entry
    return Directory(path, entry.mode) if isinstance(entry, Directory) else replace(entry, path=path)
