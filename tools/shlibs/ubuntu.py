"""Derives what is known of Ubuntu's libraries from Debian's, by ``ubuntu.json``, which was written by hand.

A symbol version came with a version of the library, whoever packages it, and Ubuntu takes its packages over from
Debian: so a release has the symbol versions of the next Debian that are not newer than its own libraries. What only
Debian's revision of a package has, such as glibc's private symbols, is left out.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dray.package.deb.catalogue import parse_library
from dray.package.debian_version import version_key

if TYPE_CHECKING:
    from dray.package.deb.library import Library

_FACTS: dict[str, Any] = json.loads((Path(__file__).parent / "ubuntu.json").read_text(encoding="utf-8"))
_ALL = "*"
_NONE = "-"


@dataclass(frozen=True)
class Release:
    """A release of Ubuntu.

    Args:
        name: Its name.
        base: The release of Debian that its data is derived from.
        packages: The version of each package, ``*`` for any; without those that it lacks.
        libraries: Libraries that Debian has not, by soname.
        versions: Symbol versions that Debian has not, by soname.
    """

    name: str
    base: str
    packages: dict[str, str]
    libraries: dict[str, Any]
    versions: dict[str, dict[str, str]]

    @property
    def origin(self) -> str:
        """What the file says of itself."""
        return (
            f"derived by tools/shlibs from {self.base}.json by what tools/shlibs/ubuntu.json says, which was written "
            "by hand; not generated from Ubuntu's packages"
        )


def read_releases() -> list[Release]:
    """Return the releases."""
    return [
        Release(
            name,
            base,
            {
                package: versions[place]
                for package, versions in _FACTS["packages"].items()
                if versions[place] != _NONE
            },
            _FACTS["libraries"].get(name, {}),
            _FACTS["versions"].get(name, {}),
        )
        for place, (name, base) in enumerate(_FACTS["releases"].items())
    ]


def derive_libraries(data: Path, release: Release) -> dict[str, Library]:
    """Return the libraries of a release."""
    described = json.loads((data / f"{release.base}.json").read_text(encoding="utf-8"))["libraries"]
    known = [parse_library(soname, value) for soname, value in described.items()]
    found = {}
    for library in known:
        limit = release.packages.get(library.depends[0].split()[0].replace("t64", ""))
        if limit is not None:
            found[library.soname] = _limit(library, limit, release.versions.get(library.soname, {}))
    for soname, value in release.libraries.items():
        found[soname] = parse_library(soname, value)
    return found


def _limit(library: Library, limit: str, newer: dict[str, str]) -> Library:
    versions = {name: need for name, need in library.versions.items() if _is_there(need, limit)} | newer
    symbols = {
        key: need for key, need in library.symbols.items() if key.partition("@")[2] in versions and " " not in need
    }
    return replace(library, depends=library.depends[:1], versions=versions, symbols=symbols)


def _is_there(need: str, limit: str) -> bool:
    return " " not in need and (limit == _ALL or version_key(need.partition("-")[0]) <= version_key(limit))
