"""A Debian package as a value: its control fields, its scripts and its files."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.core.contents import File, LazySource

if TYPE_CHECKING:
    from dray.core.contents import Entry


@dataclass(frozen=True, slots=True)
class DebPackage:
    """What a ``.deb`` file is made of; see ``deb(5)`` and ``deb-control(5)``.

    Args:
        fields: The control fields in their order, without ``Installed-Size``, which the files decide.
        contents: Its files, links and folders; paths are relative to the root of the host.
        scripts: The maintainer scripts, by name.
        conffiles: The paths of the files that the administrator may change.
        time: The time of all its files, in seconds since 1970, where the package is the same for several releases;
            None for one of a single release, which has the time of the sources.
    """

    fields: tuple[tuple[str, str], ...]
    contents: tuple[Entry, ...]
    scripts: tuple[File, ...] = ()
    conffiles: tuple[str, ...] = ()
    time: int | None = None

    def field(self, name: str) -> str:
        """Return the value of a control field; empty where it is not given."""
        return dict(self.fields).get(name, "")

    @property
    def file_name(self) -> str:
        """The usual name of its file: package, version and architecture. A file's version has no epoch."""
        return f"{self.field('Package')}_{self.field('Version').rpartition(':')[2]}_{self.field('Architecture')}.deb"

    @property
    def identity(self) -> str:
        """What stands for all of it but the bytes of the release's own files."""
        checksum = hashlib.sha256(repr((self.fields, self.scripts, self.conffiles)).encode())
        for entry in self.contents:
            checksum.update(_describe(entry).encode("utf-8", "surrogateescape"))
        return checksum.hexdigest()


def _describe(entry: Entry) -> str:
    """Return what stands for an entry: of a module that is stripped first the words of that, in one order."""
    if isinstance(entry, File) and isinstance(entry.source, LazySource):
        return f"{entry.path} {entry.mode:o} {entry.source.origin} {entry.source.key}"
    return repr(entry)
