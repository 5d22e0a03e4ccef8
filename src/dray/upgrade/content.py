"""What the files of a release hold, read and counted when that is asked for: most files of two releases are equal.

Modules count by the MD5 of ``beam_lib``, which is the same for a module and its stripped copy; all other files, and
all files of a release of which only the manifest is left, by SHA-256. So do those that a package leaves out, such as
the sources of applications: its manifest speaks of them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from dray.assemble.stored import is_manifest, iterate_files, iterate_paths, list_manifest_files, parse_manifest
from dray.beam.module import MD5_CHUNKS, module_md5
from dray.disk import read_whole
from dray.errors import IntegrityError
from dray.native.find import is_native

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Meta lists the features of the language that were enabled. beam_lib counts it, and Mix strips it.
_COMPARED = tuple(name for name in MD5_CHUNKS if name != b"Meta")


@dataclass(frozen=True, eq=False)
class Content:
    """What a file holds.

    Args:
        path: Where it is in the release.
        data: Its bytes; None where they lie in a folder, or where only a manifest is known.
        digest: Its SHA-256, as a manifest has it.
        place: Where it lies in a folder; empty where it does not.
    """

    path: str
    data: bytes | None = field(default=None, repr=False)
    digest: str = ""
    place: str = ""
    _compared: dict[Content, bool] = field(default_factory=dict, init=False, repr=False)

    @property
    def is_known(self) -> bool:
        """Whether its bytes can be read; a manifest has none."""
        return self.data is not None or bool(self.place)

    def read(self) -> bytes:
        """Return its bytes. Those of a folder are not kept: to hold a whole release takes longer than to compare it.

        Raises:
            IntegrityError: They cannot be read, or a manifest alone tells of the file.
        """
        if self.data is not None:
            return self.data
        if not self.place:
            raise IntegrityError(f"{self.path} is not there: only a manifest tells of it")
        try:
            data, _ = read_whole(self.place)
        except OSError as error:
            raise IntegrityError(f"{self.place} cannot be read: {error.strerror or error}") from error
        return data

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of its bytes."""
        return hashlib.sha256(self.read()).hexdigest() if self.is_known else self.digest

    @cached_property
    def md5(self) -> str | None:
        """The MD5 of a module as ``beam_lib`` counts it; None for other files, and where only a manifest is known.

        Raises:
            IntegrityError: The module is damaged.
        """
        if not self.is_known or not self.path.endswith(".beam"):
            return None
        return module_md5(self.read(), counted=_COMPARED, file=self.path)

    @property
    def native(self) -> bool:
        """Whether it is machine code. A manifest does not tell it from data; its usual names do."""
        return is_native(self.read()[:4]) if self.is_known else self.path.endswith((".so", ".dylib"))

    def is_same_as(self, other: Content) -> bool:
        """Tell whether both hold the same: the same code for modules, the same bytes for all else.

        Raises:
            IntegrityError: One is a module, and damaged.
        """
        # Asked again where applications get other versions, and where an upgrade is checked.
        if other not in self._compared:
            self._compared[other] = self._compare(other)
        return self._compared[other]

    def _compare(self, other: Content) -> bool:
        if not (self.is_known and other.is_known):
            return self.sha256 == other.sha256
        return self.read() == other.read() or (self.md5 is not None and self.md5 == other.md5)


def iterate_contents(path: Path) -> Iterator[Content]:
    """Yield the contents of the release at a path: the root of a tree, a tar, a package, or a ``manifest.json``.

    Raises:
        UsageError: There is none.
        IntegrityError: It is damaged.
    """
    if path.is_dir():
        yield from (Content(name, place=f"{path}/{name}") for name in iterate_paths(path))
        return
    found: set[str] = set()
    manifest = b""
    for file in iterate_files(path):
        found.add(file.path)
        if file.data is not None and is_manifest(file.path):
            manifest = file.data
        yield Content(file.path, file.data, file.sha256 or "")
    from dray.assemble.stored_deb import is_package  # noqa: PLC0415 - a folder needs none of it

    if manifest and is_package(path):
        listed = list_manifest_files(parse_manifest(manifest, str(path)))
        yield from (Content(file.path, digest=file.sha256 or "") for file in listed if file.path not in found)
