"""Gives an assembled release another version: its folder in ``releases``, ``.rel``, ``RELEASES``, boot scripts.

rename_version(release, "0.1.0+3f2a9c")

What OTP knows of a version is changed term by term; in the release's own texts, the path of the version's folder.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dray.assemble.content import read_file
from dray.assemble.manifest import manifest_path
from dray.beam.boot import format_script
from dray.beam.etf import decode, encode
from dray.beam.relfile import format_rel, format_releases, parse_rel
from dray.core.contents import File
from dray.core.term import Atom

if TYPE_CHECKING:
    from dray.core.contents import Entry
    from dray.core.release import Release

_TEXTS = ("sys.config", "launcher", "host/vm_args.sh", "env.sh", "hooks.sh")


def rename_version(release: Release, version: str) -> Release:
    """Return an assembled release that has another version.

    Args:
        release: The release, its files in the tree.
        version: The version.

    Raises:
        IntegrityError: A file that names the version is damaged.
    """
    if version == release.version:
        return release
    renaming = _Renaming(release, version)
    described = release.remove(manifest_path(release))
    entries = [renaming.entry(entry) for entry in described.contents]
    moved = {
        new.path: release.digests[old.path]
        for old, new in zip(described.contents, entries, strict=True)
        if old is new and old.path in release.digests
    }
    ordered = tuple(sorted(entries, key=lambda entry: entry.path))
    return replace(described, version=version, contents=ordered, digests=moved)


class _Renaming:
    """What changes in the files of a release."""

    def __init__(self, release: Release, version: str) -> None:
        self.release, self.version = release, version
        self.old, self.new = f"releases/{release.version}/", f"releases/{version}/"
        self.descriptions = {
            f"releases/{release.name}-{release.version}.rel": f"releases/{release.name}-{version}.rel"
        }

    def entry(self, entry: Entry) -> Entry:
        """Return an entry with the new version; the same object where it does not change."""
        path = self.descriptions.get(entry.path) or (
            self.new + entry.path.removeprefix(self.old) if entry.path.startswith(self.old) else entry.path
        )
        if isinstance(entry, File):
            data = self._data(entry)
            if data is not None:
                return File(path, data, entry.mode)
            if path != entry.path:
                return File(path, read_file(self.release, entry), entry.mode)
            return entry
        return entry if path == entry.path else replace(entry, path=path)

    def _data(self, file: File) -> bytes | None:
        """Return the new bytes of a file that speaks of the version; None for all others."""
        inner = file.path.removeprefix(self.old) if file.path.startswith(self.old) else ""
        if file.path == "releases/start_erl.data":
            erts, _, _ = self._read(file).decode().partition(" ")
            return f"{erts} {self.version}".encode()
        if file.path == "releases/RELEASES":
            return format_releases(self._rel())
        if file.path in self.descriptions or (inner.endswith(".rel") and "/" not in inner):
            return format_rel(replace(parse_rel(self._read(file), file=file.path), version=self.version))
        if inner.endswith(".boot"):
            return encode(self._script(decode(self._read(file))))
        if inner.endswith(".script"):
            boot = self.release.find(file.path.removesuffix(".script") + ".boot")
            return format_script(self._script(decode(self._read(boot)))) if isinstance(boot, File) else None
        if inner in _TEXTS:
            return self._read(file).replace(self.old.encode(), self.new.encode())
        return None

    def _read(self, file: File) -> bytes:
        return read_file(self.release, file)

    def _rel(self) -> Any:
        path = f"{self.old}{self.release.name}.rel"
        entry = self.release.find(path)
        data = self._read(entry) if isinstance(entry, File) else b""
        return replace(parse_rel(data, file=path), version=self.version)

    def _script(self, script: Any) -> Any:
        tag, (name, _), instructions = script
        return (tag, (name, self.version), [self._term(instruction) for instruction in instructions])

    def _term(self, term: Any) -> Any:
        """Return a term of a boot script in which folders of the version are those of the new one."""
        match term:
            case (Atom("path"), list() as folders):
                return (Atom("path"), [folder.replace(f"/{self.old}", f"/{self.new}") for folder in folders])
            case _:
                return term
