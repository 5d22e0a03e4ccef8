r"""Reads what Debian's packages say of their libraries: ``symbols`` (deb-symbols(5)) and ``shlibs`` (deb-shlibs(5)).

Both are control files of binary packages; ``/var/lib/dpkg/info`` has those of the installed ones. Tags and patterns,
which ``symbols`` files of source packages may have, are gone in them.

    >>> parse_symbols("libx.so.1 libx1 #MINVER#\n f@X_1 1.0\n")[0].versions
    {'X_1': '1.0'}
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from dray.package.deb.library import BASE, Library
from dray.package.debian_version import version_key

if TYPE_CHECKING:
    from collections.abc import Iterator

_SYMBOL = re.compile(r" (\S+)@(\S+) (\S+)(?: ([0-9]+))?\s*\Z")
_SHLIB = re.compile(r"\s*(?:(\S+):\s+)?(\S+)\s+(\S+)(?:\s+(\S.*?))?\s*\Z")
_PLAIN = re.compile(r"(.+)\.so\.(.+)\Z")
_DASHED = re.compile(r"(.+)-([0-9].*)\.so\Z")


def parse_symbols(text: str) -> tuple[Library, ...]:
    """Return the libraries of a ``symbols`` file, sorted; lines of no known form are left out."""
    found = []
    for lines in _split_libraries(text):
        soname, _, first = lines[0].partition(" ")
        depends = [first.strip()]
        needs = {}
        for line in lines[1:]:
            if line.startswith("|"):
                depends.append(line[1:].strip())
            elif symbol := _SYMBOL.match(line):
                name, version, minimum, number = symbol.groups()
                needs[name, version] = minimum if number in {None, "0"} else f"{minimum} {number}"
        found.append(_build_library(soname, tuple(depends), needs))
    return tuple(sorted(found, key=lambda library: library.soname))


def parse_shlibs(text: str) -> tuple[Library, ...]:
    """Return the libraries of a ``shlibs`` file, sorted; what is for the installer is left out."""
    found = {}
    for line in text.splitlines():
        fields = _SHLIB.match(line)
        if line.startswith("#") or fields is None or fields[1] not in {None, "deb"} or not fields[4]:
            continue
        soname = f"{fields[2]}.so.{fields[3]}"
        found[soname] = Library(soname, (fields[4],))
    return tuple(found[soname] for soname in sorted(found))


def find_plain_name(soname: str) -> str | None:
    """Return a soname as ``parse_shlibs`` writes it: ``libdb.so.5.3`` for ``libdb-5.3.so``.

    None where the name has no version, so that no ``shlibs`` file can name it.
    """
    found = _PLAIN.match(soname) or _DASHED.match(soname)
    return f"{found[1]}.so.{found[2]}" if found else None


def _split_libraries(text: str) -> Iterator[list[str]]:
    lines: list[str] = []
    for line in text.splitlines():
        if not line or line.startswith(("#", "*")):
            continue
        if not line.startswith((" ", "|")):
            if lines:
                yield lines
            lines = []
        elif not lines:
            continue
        lines.append(line)
    if lines:
        yield lines


def _build_library(soname: str, depends: tuple[str, ...], needs: dict[tuple[str, str], str]) -> Library:
    by_version: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for (_, version), need in needs.items():
        by_version[version][need] += 1
    minimum = min((need for need in needs.values() if " " not in need), key=version_key, default="0")
    versions = {
        version: min(counts, key=lambda need: (-counts[need], need)) for version, counts in by_version.items()
    }
    if (
        BASE in versions
    ):  # which library a symbol without a version is of, nobody says: what is not listed needs least
        versions[BASE] = minimum
    exceptions = {f"{name}@{version}": need for (name, version), need in needs.items() if need != versions[version]}
    return Library(soname, depends, minimum, dict(sorted(versions.items())), dict(sorted(exceptions.items())))
