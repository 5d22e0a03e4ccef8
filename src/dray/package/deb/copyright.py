"""The licences of all that a package carries, in the machine-readable format 1.0 of Debian's ``copyright`` files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_FORMAT = "https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/"
COMMON = {
    "Apache-2.0": "Apache-2.0",
    "Artistic-1.0": "Artistic",
    "GPL-1.0": "GPL-1",
    "GPL-2.0": "GPL-2",
    "GPL-2.0-only": "GPL-2",
    "GPL-2.0-or-later": "GPL-2",
    "GPL-3.0": "GPL-3",
    "GPL-3.0-only": "GPL-3",
    "GPL-3.0-or-later": "GPL-3",
    "LGPL-2.1": "LGPL-2.1",
    "LGPL-3.0": "LGPL-3",
    "MPL-1.1": "MPL-1.1",
    "MPL-2.0": "MPL-2.0",
    "CC0-1.0": "CC0-1.0",
}
"""SPDX names of the licences whose texts Debian installs in ``/usr/share/common-licenses``."""


@dataclass(frozen=True, slots=True)
class LicensedPart:
    """Files under one licence.

    Args:
        files: Patterns of their paths.
        owner: Who has the rights.
        licence: SPDX names joined by ``and``; ``unknown`` where nothing is known.
    """

    files: tuple[str, ...]
    owner: str
    licence: str


def format_copyright(parts: Iterable[LicensedPart], *, name: str, source: str) -> str:
    """Return the text of the ``copyright`` file.

    Args:
        parts: The parts; that of all files comes first.
        name: The project.
        source: Where it comes from.
    """
    listed = tuple(parts)
    head = [f"Format: {_FORMAT}", f"Upstream-Name: {name}", *([f"Source: {source}"] if source else [])]
    paragraphs = ["\n".join(head)]
    paragraphs += [
        f"Files: {chr(10).join((part.files[0], *(f'       {file}' for file in part.files[1:])))}\n"
        f"Copyright: {part.owner}\nLicense: {part.licence}"
        for part in listed
    ]
    names = dict.fromkeys(name for part in listed for name in part.licence.split(" and "))
    paragraphs += [f"License: {name}\n {_describe(name)}" for name in names]
    return "\n\n".join(paragraphs) + "\n"


def _describe(name: str) -> str:
    if name in COMMON:
        return f"On Debian systems, the text of this licence is in /usr/share/common-licenses/{COMMON[name]}."
    if name == "proprietary":
        return "All rights reserved: the project says of no licence."
    if name == "unknown":
        return "The package does not say which licence it is under; ask its authors."
    return f"The text of this licence is at https://spdx.org/licenses/{name}.html, and in the project's own files."
