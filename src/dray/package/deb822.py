r"""Stanzas of fields, as control files and indices of packages consist of (deb-control(5), deb822(5)).

Strict, as dpkg is: no comments, no field twice, no field without a name. The order of fields is kept. The lines after
the first of a value keep the space that they begin with, so what was read is written in the same way.

    parse_stanza("Package: shop\nDescription: a shop\n It sells things.\n").get("description")
    'a shop\\n It sells things.'

Not for files that people write, such as ``debian/control`` of a source package, in which there are comments.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAME = re.compile(r"(?![#-])[!-9;-~]+")
_FORBIDDEN = re.compile(r"[\0-\x08\x0b-\x1f\x7f]")  # control characters besides tab and newline
_CONTINUED = re.compile(r"[ \t][ \t]*[^ \t\n][^\n]*")


@dataclass(frozen=True, slots=True)
class Stanza:
    """Fields and their values, in order.

    Args:
        fields: Name and value; a value's further lines begin with a space or a tab.
    """

    fields: tuple[tuple[str, str], ...] = ()

    def get(self, name: str, default: str = "") -> str:
        """Return a field's value; the case of its name does not count."""
        for field, value in self.fields:
            if field == name:  # nearly always, and much faster
                return value
        wanted = name.lower()
        for field, value in self.fields:
            if field.lower() == wanted:
                return value
        return default

    def set(self, name: str, value: str) -> Stanza:
        """Return the stanza with a field: at its place where there is one of this name, else at the end."""
        wanted = name.lower()
        if any(field.lower() == wanted for field, _ in self.fields):
            return Stanza(tuple((f, value if f.lower() == wanted else v) for f, v in self.fields))
        return Stanza((*self.fields, (name, value)))

    def remove(self, *names: str) -> Stanza:
        """Return the stanza without fields of these names."""
        gone = {name.lower() for name in names}
        return Stanza(tuple(field for field in self.fields if field[0].lower() not in gone))


def parse_stanza(text: str | bytes, *, file: str = "a control file") -> Stanza:
    """Return the one stanza of a text.

    Args:
        text: The text; bytes are UTF-8.
        file: What it was read from, for the message.

    Raises:
        IntegrityError: It is no stanza, or more than one.
    """
    found = parse_stanzas(text, file=file)
    if len(found) != 1:
        raise IntegrityError(f"{file} holds one stanza of fields", got=f"{len(found)} stanzas")
    return found[0]


def parse_stanzas(text: str | bytes, *, file: str = "an index of packages") -> tuple[Stanza, ...]:
    """Return the stanzas of a text, which empty lines part.

    Args:
        text: The text; bytes are UTF-8.
        file: What it was read from, for the message.

    Raises:
        IntegrityError: A line is neither a field nor the continuation of one, or a field stands twice.
    """
    if isinstance(text, bytes):
        text = _decode(text, file)
    forbidden = _FORBIDDEN.search(text)
    if forbidden:
        before = text.count("\n", 0, forbidden.start())
        raise IntegrityError(f"{file}, line {before + 1}: a control character", got=repr(forbidden[0]))
    stanzas: list[Stanza] = []
    fields: list[tuple[str, str]] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip(" \t"):
            if fields:
                stanzas.append(_finish(fields, file, number))
            fields = []
        elif line[0] in " \t":
            if not fields:
                raise IntegrityError(f"{file}, line {number}: a continuation follows a field", got=repr(line[:80]))
            name, value = fields[-1]
            fields[-1] = (name, "\n".join((value, line.rstrip(" \t"))))
        else:
            name, colon, value = line.partition(":")
            if not colon or not _is_name(name):
                raise IntegrityError(
                    f"{file}, line {number}: a field is a name, a colon, a value", got=repr(line[:80])
                )
            fields.append((name, value.strip(" \t")))
    if fields:
        stanzas.append(_finish(fields, file, 0))
    return tuple(stanzas)


@functools.lru_cache(1024)
def _is_name(text: str) -> bool:
    """Tell whether a text names a field; an index has the same few names again and again."""
    return _NAME.fullmatch(text) is not None


def _decode(data: bytes, file: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise IntegrityError(f"{file} is not UTF-8", got=f"{error.reason} at byte {error.start}") from None


def _finish(fields: list[tuple[str, str]], file: str, line: int) -> Stanza:
    names = [name.lower() for name, _ in fields]
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        where = f", the one before line {line}" if line else ""
        raise IntegrityError(f"{file}: a field stands once in a stanza{where}", got=f"{twice} twice")
    return Stanza(tuple(fields))


def format_stanza(stanza: Stanza) -> str:
    """Return a stanza's text, each field on lines of its own, without an empty line at the end.

    Raises:
        ValueError: See ``validate_field``.
    """
    for name, value in stanza.fields:
        validate_field(name, value)
    return join_fields(stanza)


def join_fields(stanza: Stanza) -> str:
    """Return the text of a stanza that is known to be valid, such as one that was read."""
    return "".join(
        [f"{name}: {value}\n" if value and value[0] != "\n" else f"{name}:{value}\n" for name, value in stanza.fields]
    )


def format_stanzas(stanzas: Iterable[Stanza]) -> str:
    """Return the text of several stanzas, an empty line between two."""
    return "\n".join(format_stanza(stanza) for stanza in stanzas)


def validate_field(name: str, value: str) -> None:
    """Check that a field would be read again as it is.

    Raises:
        ValueError: The name is none, the value holds a control character, or a further line of it is empty or does
            not begin with a space.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"the name of a field is of printable ASCII without spaces and colons, got: {name!r}")
    first, *further = value.split("\n")
    forbidden = _FORBIDDEN.search(value)
    if forbidden:
        raise ValueError(f"{name}: a value has no control characters, got: {forbidden[0]!r}")
    if first != first.strip(" \t") or any(line != line.rstrip(" \t") for line in further):
        raise ValueError(f"{name}: lines of a value do not begin or end with spaces, got: {value!r}")
    for line in further:
        if not _CONTINUED.fullmatch(line):
            raise ValueError(
                f"{name}: further lines begin with a space and are not empty (write ' .'), got: {line!r}"
            )
