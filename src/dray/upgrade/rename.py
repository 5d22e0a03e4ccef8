"""Gives applications of an assembled release other versions: folders, ``.app``, ``.rel``, ``RELEASES``, boot scripts.

What OTP knows of a release is changed where it stands, term by term, so that it works for a release of a pipeline and
for one that lies in a folder, whoever made its boot scripts.

    rename_applications(release, {"shop": "0.1.0+3f2a9c"})
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dray.assemble.content import read_file
from dray.beam.boot import format_script
from dray.beam.etf import decode, encode
from dray.beam.relfile import consultable, format_rel, format_releases, parse_rel
from dray.beam.terms import decode_source, parse_terms
from dray.core.contents import Directory, File, Symlink
from dray.core.term import Atom
from dray.upgrade.build import Build

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from dray.beam.relfile import RelFile
    from dray.core.contents import Entry
    from dray.core.release import Release
    from dray.upgrade.side import Content

_BOOT = re.compile(r"releases/[^/]+/[^/]+\.boot\Z")
_REL = re.compile(r"releases/(.+/)?[^/]+\.rel\Z")
_RELEASES = "releases/RELEASES"


class Renaming:
    """New versions for applications, and what they change.

    Args:
        old: Name and version of every application so far.
        versions: Name and new version of those that get another one.
    """

    def __init__(self, old: Mapping[str, str], versions: Mapping[str, str]) -> None:
        self.versions = versions
        self.folders = {f"{name}-{old[name]}": f"{name}-{version}" for name, version in versions.items()}

    def path(self, path: str) -> str:
        """Return a path with the new names of folders, wherever they stand in it."""
        if not any(folder in path for folder in self.folders):
            return path
        return "/".join(self.folders.get(part, part) for part in path.split("/"))

    def entry_path(self, path: str) -> str:
        """Return where a file of the release goes."""
        return self.path(path) if path.startswith("lib/") else path

    def rel(self, rel: RelFile) -> RelFile:
        """Return what the ``.rel`` file says now."""
        return replace(
            rel,
            applications=tuple(
                replace(app, version=self.versions.get(app.name, app.version)) for app in rel.applications
            ),
        )

    def boot_script(self, script: Any) -> Any:
        """Return a boot script that loads the applications from their new folders."""
        tag, name, instructions = script
        return (tag, name, [self._instruction(instruction) for instruction in instructions])

    def _instruction(self, instruction: Any) -> Any:
        match instruction:
            case (Atom("path"), list() as folders):
                return (Atom("path"), [self.path(folder) for folder in folders])
            case (Atom("apply"), (Atom("application"), Atom("load"), [(tag, Atom() as name, properties)])):
                if name in self.versions:
                    loaded = (tag, name, self._properties(properties, self.versions[name]))
                    return (Atom("apply"), (Atom("application"), Atom("load"), [loaded]))
        return instruction

    @staticmethod
    def _properties(properties: Any, version: str) -> list[Any]:
        return [(Atom("vsn"), version) if item[0] == "vsn" else item for item in properties]

    def app_file(self, data: bytes, *, file: str) -> bytes:
        """Return an ``.app`` file with the new version."""
        match parse_terms(decode_source(data, file=file), file=file):
            case [(tag, Atom() as name, list() as properties)] if name in self.versions:
                return consultable((tag, name, self._properties(properties, self.versions[name])))
        return data

    def files(self, paths: Iterable[str], read: Callable[[str], bytes]) -> dict[str, bytes]:
        """Return the new bytes of the files that name versions, by where they go.

        Args:
            paths: All files of the release, where they are so far.
            read: Returns the bytes of one.
        """
        done: dict[str, bytes] = {}
        rel: RelFile | None = None
        apps = {f"lib/{folder}/ebin/{folder.partition('-')[0]}.app" for folder in self.folders}
        for path in paths:
            if path in apps:
                done[self.path(path)] = self.app_file(read(path), file=path)
            elif _BOOT.match(path):
                script = self.boot_script(decode(read(path)))
                done[path] = encode(script)
                done[path.removesuffix(".boot") + ".script"] = format_script(script)
            elif _REL.match(path):
                rel = self.rel(parse_rel(read(path), file=path))
                done[path] = format_rel(rel)
        if rel is not None and _RELEASES in paths:
            done[_RELEASES] = format_releases(rel)
        return done


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


def rename_build(build: Build, versions: Mapping[str, str]) -> Build:
    """Return a build in which applications have other versions."""
    if not versions:
        return build
    side = build.side
    renaming = Renaming(side.applications, versions)
    described = {build.app_path(name) for name in versions}
    files = {
        renaming.entry_path(path): renaming.app_file(data, file=path) if path in described else data
        for path, data in build.files.items()
    }
    contents: dict[str, Content] = {renaming.entry_path(path): content for path, content in side.files.items()}
    renamed = replace(
        side, applications={**side.applications, **versions}, files=contents, rel=renaming.rel(build.rel)
    )
    return Build(renamed, files)
