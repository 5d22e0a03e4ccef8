"""The index ``Packages`` of one component and architecture: a stanza for each package, by name and version.

A repository may hold thousands of packages of which a publication touches one, so the others stay texts: only the
stanzas of packages that are asked for are parsed.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from dray.errors import IntegrityError
from dray.package.deb822 import Stanza, join_fields, parse_stanza
from dray.package.debian_version import version_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dray.package.read_deb import DebFile

_PHASED = "Phased-Update-Percentage"
_PREFIX = "Package: "


@dataclass(frozen=True, slots=True)
class Entry:
    """A package in an index."""

    stanza: Stanza

    @property
    def package(self) -> str:
        """Its name."""
        return self.stanza.get("Package")

    @property
    def version(self) -> str:
        """Its version."""
        return self.stanza.get("Version")

    @property
    def architecture(self) -> str:
        """What it runs on."""
        return self.stanza.get("Architecture")

    @property
    def filename(self) -> str:
        """Where it is, relative to the repository's root."""
        return self.stanza.get("Filename")

    @property
    def sha256(self) -> str:
        """The checksum of its file."""
        return self.stanza.get("SHA256")

    @property
    def size(self) -> int:
        """The size of its file; -1 where the index says none."""
        text = self.stanza.get("Size")
        return int(text) if text.isascii() and text.isdigit() else -1

    @property
    def commit(self) -> str:
        """The commit that it was built from, where it says so."""
        return self.stanza.get("Dray-Commit")

    @property
    def rollout(self) -> int:
        """The percentage of hosts that take it by themselves."""
        text = self.stanza.get(_PHASED, "100")
        return int(text) if text.isascii() and text.isdigit() else 100


_OWN_FIELDS = frozenset(
    {"package", "filename", "size", "sha256", "md5sum", "sha1", "sha512", "status", _PHASED.lower()}
)


def build_entry(deb: DebFile, filename: str, rollout: int) -> Entry:
    """Return what an index says of a package.

    Args:
        deb: The package.
        filename: Where it is in the repository.
        rollout: The percentage of hosts that take it.
    """
    rest = [field for field in deb.control.fields if field[0].lower() not in _OWN_FIELDS]
    where = (("Filename", filename), ("Size", str(deb.size)), ("SHA256", deb.sha256))
    phased = () if rollout == 100 else ((_PHASED, str(rollout)),)
    return Entry(Stanza((("Package", deb.package), *rest, *where, *phased)))


class Index:
    """The stanzas of an index, as texts.

    Args:
        blocks: The texts, without the newline at their ends, sorted by the packages' names.
    """

    def __init__(self, blocks: tuple[str, ...] = ()) -> None:
        self.blocks = blocks

    def __len__(self) -> int:
        return len(self.blocks)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The name of the package in each block."""
        start = len(_PREFIX)
        return tuple([block[start : block.find("\n", start)] for block in self.blocks])

    def find(self, package: str) -> tuple[Entry, ...]:
        """Return all versions of a package, the newest last."""
        found = [parse_entry(b) for name, b in zip(self.names, self.blocks, strict=True) if name == package]
        return tuple(sorted(found, key=lambda entry: version_key(entry.version)))

    def find_all(self, packages: Iterable[str]) -> dict[str, list[Entry]]:
        """Return all versions of some packages, the newest last."""
        found: dict[str, list[Entry]] = {name: [] for name in packages}
        for name, block in zip(self.names, self.blocks, strict=True):
            if name in found:
                found[name].append(parse_entry(block))
        for entries in found.values():
            entries.sort(key=lambda entry: version_key(entry.version))
        return found

    def entries(self) -> tuple[Entry, ...]:
        """Return everything."""
        return tuple(parse_entry(block) for block in self.blocks)

    def replace(self, packages: Mapping[str, Iterable[Entry]]) -> Index:
        """Return the index with other versions of some packages: exactly those that are given."""
        kept = [pair for pair in zip(self.names, self.blocks, strict=True) if pair[0] not in packages]
        for name, entries in packages.items():
            versions = list(entries)
            if len(versions) > 1:
                versions.sort(key=lambda entry: version_key(entry.version))
            kept += [(name, join_fields(entry.stanza)[:-1]) for entry in versions]
        kept.sort(key=lambda pair: pair[0])
        return Index(tuple([block for _, block in kept]))

    def format(self) -> bytes:
        """Return the file's bytes."""
        return "".join(["\n\n".join(self.blocks), "\n"]).encode() if self.blocks else b""


def parse_index(data: bytes, *, file: str) -> Index:
    """Return an index.

    Args:
        data: The file's bytes.
        file: Where it was read, for messages.

    Raises:
        IntegrityError: It is none.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise IntegrityError(f"{file} is not UTF-8") from None
    blocks = [block for block in text.strip("\n").split("\n\n") if block]
    if not all(block.startswith(_PREFIX) for block in blocks):  # written by another program
        whole = (block.strip("\n") for block in blocks)
        blocks = [_put_name_first(parse_stanza(block, file=file), file) for block in whole]
    index = Index(tuple(blocks))
    if any(one > other for one, other in itertools.pairwise(index.names)):
        return Index(tuple(block for _, block in sorted(zip(index.names, blocks, strict=True), key=lambda p: p[0])))
    return index


def _put_name_first(stanza: Stanza, file: str) -> str:
    name = stanza.get("Package")
    if not name:
        raise IntegrityError(f"{file}: a stanza begins with the name of its package")
    return join_fields(Stanza((("Package", name), *stanza.remove("Package").fields)))[:-1]


def parse_entry(block: str) -> Entry:
    """Return the package of a stanza's text.

    Raises:
        IntegrityError: It is damaged, or lacks what an index says of each package.
    """
    entry = Entry(parse_stanza(block, file="an index"))
    for name in ("Package", "Version", "Architecture", "Filename", "SHA256"):
        if not entry.stanza.get(name):
            raise IntegrityError(f"an index says {name} of each package", got=block[:80])
    try:
        version_key(entry.version)
    except ValueError as error:
        raise IntegrityError(f"an index, package {entry.package}: {error}") from None
    return entry
