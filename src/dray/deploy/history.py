"""What was deployed from this machine: a hot upgrade is generated from the build that runs, file by file.

Each deployed tree is kept as a copy; files that an earlier one has, too, are shared by hard links. The build's own
tree is not linked to: a link changes what tells that nobody has touched a file.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.core.contents import Directory, Symlink
from dray.deploy.manifest import read_manifest
from dray.errors import DrayError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dray.core.release import Release
    from dray.deploy.manifest import Manifest

_KEPT = 10


@dataclass(frozen=True, slots=True)
class History:
    """The builds that were deployed from here.

    Args:
        folder: Where they are kept: ``_build/ENV/.dray/deployed/NAME``.
    """

    folder: Path

    def find(self, digest: str) -> Path | None:
        """Return the tree of the release with a manifest of this SHA-256; None where it is not here."""
        path = self.folder / digest[:16]
        return path if self.read_manifest(digest) is not None else None

    def read_manifest(self, digest: str) -> Manifest | None:
        """Return the manifest of this SHA-256; None where it is not here, or damaged."""
        for path in (self.folder / digest[:16]).glob("releases/*/manifest.json"):
            with contextlib.suppress(OSError, DrayError):
                found = read_manifest(path.read_bytes(), str(path))
                if found.digest == digest:
                    return found
        return None

    def keep(self, release: Release, digest: str) -> None:
        """Keep a release that is written to its tree; the oldest ones make room for it."""
        if release.tree is None or self.find(digest) is not None:
            return
        target = self.folder / digest[:16]
        stage = self.folder / f".{target.name}"
        shutil.rmtree(stage, ignore_errors=True)
        known = self._list_known()
        for entry in release.contents:
            path = stage / entry.path
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(entry, Symlink):
                path.symlink_to(entry.target)
            elif isinstance(entry, Directory):
                path.mkdir(exist_ok=True)
            else:
                _put(
                    known.get((release.digests[entry.path].sha256, f"{entry.mode:04o}")),
                    release.tree / entry.path,
                    path,
                )
        shutil.rmtree(target, ignore_errors=True)
        stage.rename(target)
        self._make_room()

    def rebuild(self, manifest: Manifest, here: Mapping[tuple[str, str], str], files: Mapping[str, bytes]) -> None:
        """Keep a build that another machine made: of files that are here, by checksum and mode, and of bytes.

        What neither has is left out.
        """
        target = self.folder / manifest.digest[:16]
        stage = self.folder / f".{target.name}"
        shutil.rmtree(stage, ignore_errors=True)
        for item in manifest.items.values():
            path = stage / item.path
            source = here.get((item.sha256, item.mode))
            if item.target or (source is None and item.path not in files):
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            if item.path in files:
                path.write_bytes(files[item.path])
                path.chmod(int(item.mode, 8))
            elif source is not None:
                shutil.copy2(source, path)
        (stage / f"releases/{manifest.version}/manifest.json").write_bytes(manifest.data)
        shutil.rmtree(target, ignore_errors=True)
        stage.rename(target)

    def _list_known(self) -> dict[tuple[str, str], Path]:
        """Return the files of the build that was kept last, by checksum and mode."""
        kept = self._list_kept()
        for path in kept[0].glob("releases/*/manifest.json") if kept else ():
            with contextlib.suppress(OSError, DrayError):
                items = read_manifest(path.read_bytes(), str(path)).items.values()
                return {(item.sha256, item.mode): kept[0] / item.path for item in items if item.sha256}
        return {}

    def _list_kept(self) -> list[Path]:
        """Return the folders of the builds, the newest first."""
        return sorted(self.folder.glob("[0-9a-f]*"), key=lambda path: path.stat().st_mtime, reverse=True)

    def _make_room(self) -> None:
        for path in self._list_kept()[_KEPT:]:
            shutil.rmtree(path, ignore_errors=True)


def _put(known: Path | None, source: Path, target: Path) -> None:
    """Make a file the same as a known one, or as its source."""
    if known is not None:
        with contextlib.suppress(OSError):  # another file system, or one without hard links
            os.link(known, target)
            return
    shutil.copy2(source, target)
