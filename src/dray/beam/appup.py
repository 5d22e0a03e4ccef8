"""``.appup`` files: how an application gets from its earlier versions to this one, and back.

    {"1.1.0", [{"1.0.0", [{load_module, shop}]}], [{"1.0.0", [{load_module, shop}]}]}.

Follows appup(4): a version is a string, or a binary that holds a regular expression which matches the whole version.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dray.beam.relfile import consultable
from dray.beam.terms import decode_source, parse_terms
from dray.core.term import Atom
from dray.errors import IntegrityError, Location

if TYPE_CHECKING:
    from dray.core.term import Term

_CLASSES = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "lower": "a-z",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\s",
    "upper": "A-Z",
    "word": r"\w",
    "xdigit": "0-9A-Fa-f",
}
_OF_PCRE = re.compile(r"\\.|\[:(?P<class>\w+):\]|\(\?(?P<name><(?![=!]))", re.DOTALL)
_ESCAPES = {r"\z": r"\Z", r"\Z": r"(?=\n?\Z)", r"\h": r"[ \t]", r"\R": r"(?:\r\n|\n|\r)"}


@dataclass(frozen=True, slots=True)
class Entry:
    """How to get from, or back to, one version.

    Args:
        version: The version, or the regular expression of several as bytes.
        script: The instructions.
    """

    version: str | bytes
    script: tuple[Term, ...]

    def matches(self, version: str) -> bool:
        """Tell whether it is for a version, as ``systools`` looks it up."""
        if isinstance(self.version, str):
            return self.version == version
        found = re.search(_translate(self.version.decode("utf-8", "replace")), version)
        return found is not None and found[0] == version


@dataclass(frozen=True, slots=True)
class Appup:
    """What an ``.appup`` file says.

    Args:
        version: The version of the application that it belongs to.
        up: How to get to it.
        down: How to get back from it.
    """

    version: str
    up: tuple[Entry, ...] = ()
    down: tuple[Entry, ...] = ()


def find_entry(entries: tuple[Entry, ...], version: str) -> Entry | None:
    """Return the first entry for a version; None where there is none."""
    return next((entry for entry in entries if entry.matches(version)), None)


def parse_appup(data: bytes, *, file: str) -> Appup:
    """Return what an ``.appup`` file says.

    Raises:
        IntegrityError: It is none, or a regular expression in it is not one.
    """
    match parse_terms(decode_source(data, file=file), file=file):
        case [(str() as version, list() as up, list() as down)]:
            return Appup(str(version), _parse_entries(up, file), _parse_entries(down, file))
        case _:
            raise IntegrityError("an .appup file holds one term {Version, Up, Down}", location=Location(file))


def format_appup(appup: Appup) -> bytes:
    """Return the text of an ``.appup`` file."""
    return consultable((appup.version, _list_entries(appup.up), _list_entries(appup.down)))


def _list_entries(entries: tuple[Entry, ...]) -> list[Term]:
    return [(entry.version, list(entry.script)) for entry in entries]


def _parse_entries(terms: list[Any], file: str) -> tuple[Entry, ...]:
    entries = []
    for term in terms:
        match term:
            case (str() | bytes() as version, list() as script) if not isinstance(version, Atom):
                entry = Entry(version, tuple(script))
                _validate_version(entry, file)
                entries.append(entry)
            case _:
                raise IntegrityError(
                    "an entry of an .appup file is {Version, Instructions}", got=repr(term), location=Location(file)
                )
    return tuple(entries)


def _validate_version(entry: Entry, file: str) -> None:
    try:
        entry.matches("")
    except (re.error, OverflowError, RecursionError) as error:
        raise IntegrityError(
            f"a version in an .appup file is a string or a regular expression: {error}",
            got=repr(entry.version),
            location=Location(file),
        ) from None


def _translate(pattern: str) -> str:
    """Return a regular expression of Perl's kind as Python writes it."""

    def replace(found: re.Match[str]) -> str:
        if found["class"] is not None:
            return _CLASSES.get(found["class"], found[0])
        return "(?P<" if found["name"] is not None else _ESCAPES.get(found[0], found[0])

    return _OF_PCRE.sub(replace, pattern)
