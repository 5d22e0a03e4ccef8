"""Reads a Debian package: what it says of itself, its size and its checksum (deb(5)).

Only as much as an index of packages needs: the fields of ``control``. Of the files inside, it is only seen that dpkg
can unpack them. A damaged file, or one that was made to harm, is an ``IntegrityError``, whatever it holds.

    read_deb(Path("shop_1.0-1_amd64.deb")).control.get("Package")
"""

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from dray.assemble.workers import map_parts
from dray.deb_file import read_members, validate_data
from dray.errors import IntegrityError, StepError
from dray.package.deb.identity import PACKAGE_NAME
from dray.package.deb822 import Stanza, parse_stanza
from dray.package.debian_version import parse_version

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_SMALL = 1 << 16
_ARCHITECTURE = re.compile(r"[a-z0-9][a-z0-9-]*")


@dataclass(frozen=True, slots=True)
class DebFile:
    """A Debian package.

    Args:
        path: The file.
        control: The fields of its ``control``.
        size: In bytes.
        sha256: In hexadecimal.
    """

    path: Path
    control: Stanza
    size: int
    sha256: str
    package: str = field(init=False)
    """The package's name."""
    version: str = field(init=False)
    architecture: str = field(init=False)
    """What it runs on, ``all`` for everything."""

    def __post_init__(self) -> None:
        for name in ("package", "version", "architecture"):  # asked for again and again
            object.__setattr__(self, name, self.control.get(name.capitalize()))


def read_deb(path: Path) -> DebFile:
    """Return what a package says of itself.

    Raises:
        StepError: The file cannot be read.
        IntegrityError: It is no Debian package, is damaged, or breaks the policy.
    """
    try:
        with open(path, "rb", buffering=0) as source:  # noqa: PTH123 - there may be thousands
            start = source.read(_SMALL + 1)
            if len(start) <= _SMALL:
                control = _read_control(io.BytesIO(start), path)
                size, sha256 = len(start), hashlib.sha256(start).hexdigest()
            else:
                control = _read_control(source, path)
                source.seek(0)
                sha256 = hashlib.file_digest(source, "sha256").hexdigest()
                size = source.tell()
    except OSError as error:
        raise StepError(f"{path} cannot be read: {error.strerror or error}") from error
    stanza = parse_stanza(control, file=f"control of {path.name}")
    validate_control(stanza, path.name)
    return DebFile(path, stanza, size, sha256)


def read_debs(paths: Sequence[Path]) -> list[DebFile]:
    """Return what packages say of themselves; of many, each core reads a part.

    Raises:
        StepError, IntegrityError: As ``read_deb`` does, for one of them.
    """
    parts = map_parts(_read_part, paths)
    found: list[DebFile | None] = [None] * len(paths)
    for number, part in enumerate(parts):
        found[number :: len(parts)] = part
    return [deb for deb in found if deb is not None]


def _read_part(paths: Sequence[Path]) -> list[DebFile]:
    return [read_deb(path) for path in paths]


def _read_control(source: BinaryIO, path: Path) -> bytes:
    """Return the file ``control`` of a package that is whole."""
    members = read_members(source, path)
    validate_data(source, members, path)
    return members.control


def validate_control(control: Stanza, file: str) -> None:
    """Check the fields that a repository goes by (Debian Policy 5.6).

    Args:
        control: The fields.
        file: Whose they are, for the message.

    Raises:
        IntegrityError: One of them is missing or is not what the policy says.
    """
    for name in ("Package", "Version", "Architecture"):
        if not control.get(name):
            raise IntegrityError(f"{file}: a package says its {name}")
    package, architecture = control.get("Package"), control.get("Architecture")
    if not PACKAGE_NAME.fullmatch(package):
        rule = "consists of lowercase letters, digits and +-., two at least, and begins with a letter or digit"
        raise IntegrityError(f"{file}: the name of a package {rule} (Debian Policy 5.6.1)", got=package)
    if not _ARCHITECTURE.fullmatch(architecture):
        raise IntegrityError(f"{file}: Architecture is one, such as amd64 or all", got=architecture)
    try:
        parse_version(control.get("Version"))
    except ValueError as error:
        raise IntegrityError(f"{file}: {error}") from None
