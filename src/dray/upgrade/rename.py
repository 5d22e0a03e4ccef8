"""Gives applications of an assembled release other versions: folders, ``.app``, ``.rel``, ``RELEASES``, boot scripts.

What OTP knows of a release is changed where it stands, term by term, so that it works for a release of a pipeline and
for one that lies in a folder, whoever made its boot scripts.

    rename_build(build, {"shop": "0.1.0+3f2a9c"})

``dray.upgrade.rename_release`` does it for a release of a pipeline.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dray.beam.boot import format_script
from dray.beam.etf import decode, encode
from dray.beam.relfile import consultable, format_rel, format_releases, parse_rel
from dray.beam.terms import decode_source, parse_terms
from dray.core.term import Atom
from dray.upgrade.build import Build
from dray.upgrade.content import Content

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from dray.beam.relfile import RelFile

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


def rename_build(build: Build, versions: Mapping[str, str]) -> Build:
    """Return a build in which applications have other versions."""
    if not versions:
        return build
    side = build.side
    renaming = Renaming(side.applications, versions)
    contents = {renaming.entry_path(path): content for path, content in side.files.items()}
    for name in versions:
        old, new = build.app_path(name), renaming.path(build.app_path(name))
        contents[new] = Content(new, renaming.app_file(side.files[old].read(), file=old))
    return Build(
        replace(side, applications={**side.applications, **versions}, files=contents, rel=renaming.rel(build.rel))
    )
