"""The file ``Release`` of a suite: what apt reads first, and what is signed (as ``InRelease``).

It lists the indices with sizes and checksums, and with that everything in the repository. dray adds a number that
grows with each publication, ``Dray-Generation``; apt leaves out fields that it does not know.

Specification: https://wiki.debian.org/DebianRepository/Format, and apt's own ``apt-secure(8)``.
"""

from __future__ import annotations

import re
import time
from calendar import timegm
from dataclasses import dataclass, field

from dray.errors import ConfigError, IntegrityError
from dray.package.deb822 import Stanza, format_stanza, parse_stanza

_LISTED = re.compile(r"([0-9a-f]{64}) +([0-9]{1,15}) +([A-Za-z0-9+._~-]+(?:/[A-Za-z0-9+._~-]+)*)")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ZONES = ("UTC", "GMT", "Z", "+0000")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._~-]*")


@dataclass(frozen=True, slots=True)
class Listed:
    """An index, as ``Release`` lists it.

    Args:
        path: Relative to the suite's folder.
        size: In bytes.
        sha256: In hexadecimal.
    """

    path: str
    size: int
    sha256: str

    @property
    def by_hash(self) -> str:
        """Where it stands under its checksum, relative to the suite's folder."""
        return f"{self.path.rpartition('/')[0]}/by-hash/SHA256/{self.sha256}"


@dataclass(frozen=True, slots=True)
class Description:
    """What a suite says of itself to people.

    Args:
        origin: Whose packages these are.
        label: What they are; that of ``origin`` where it is empty.
        description: One line about it.
    """

    origin: str = ""
    label: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class ReleaseFile:
    """The contents of ``Release``.

    Args:
        suite: Its name.
        about: What it says of itself.
        date: When it was made, in seconds since 1970.
        valid_until: From when on apt takes it for outdated; None for never.
        components: Parts of the suite.
        architectures: What the packages run on.
        generation: Grows with each publication.
        signed_by: The fingerprint of the key.
        listed: The indices.
    """

    suite: str
    about: Description = field(default_factory=Description)
    date: int = 0
    valid_until: int | None = None
    components: tuple[str, ...] = ()
    architectures: tuple[str, ...] = ()
    generation: int = 0
    signed_by: str = ""
    listed: tuple[Listed, ...] = ()

    def find(self, path: str) -> Listed | None:
        """Return what is listed of an index."""
        return next((item for item in self.listed if item.path == path), None)


def format_release(release: ReleaseFile) -> str:
    """Return the text of ``Release``.

    Raises:
        ConfigError: A value cannot be written in it.
    """
    listed = "".join(f"\n {item.sha256} {item.size:>9} {item.path}" for item in release.listed)
    fields = (
        ("Origin", release.about.origin),
        ("Label", release.about.label or release.about.origin),
        ("Suite", release.suite),
        ("Codename", release.suite),
        ("Date", format_date(release.date)),
        ("Valid-Until", format_date(release.valid_until) if release.valid_until is not None else ""),
        ("Acquire-By-Hash", "yes"),
        ("Architectures", " ".join(release.architectures)),
        ("Components", " ".join(release.components)),
        ("Description", release.about.description),
        ("Signed-By", release.signed_by.upper()),
        ("Dray-Generation", str(release.generation)),
    )
    try:
        return format_stanza(Stanza((*((name, value) for name, value in fields if value), ("SHA256", listed))))
    except ValueError as error:
        raise ConfigError(f"apt: {error}") from None


def parse_release(data: bytes, *, file: str) -> ReleaseFile:
    """Return the contents of ``Release``.

    Args:
        data: The text that is signed.
        file: Where it was read, for messages.

    Raises:
        IntegrityError: It is none.
    """
    stanza = parse_stanza(data, file=file)
    listed = []
    for line in stanza.get("SHA256").split("\n")[1:]:
        found = _LISTED.fullmatch(line.strip())
        if found is None or ".." in found[3].split("/"):
            raise IntegrityError(f"{file} lists checksum, size and path of an index", got=line)
        listed.append(Listed(found[3], int(found[2]), found[1]))
    valid_until = stanza.get("Valid-Until")
    return ReleaseFile(
        suite=stanza.get("Suite") or stanza.get("Codename"),
        about=Description(stanza.get("Origin"), stanza.get("Label"), stanza.get("Description")),
        date=parse_date(stanza.get("Date"), file),
        valid_until=parse_date(valid_until, file) if valid_until else None,
        components=tuple(stanza.get("Components").split()),
        architectures=tuple(stanza.get("Architectures").split()),
        generation=_parse_number(stanza.get("Dray-Generation", "0"), file),
        signed_by=stanza.get("Signed-By").lower(),
        listed=tuple(listed),
    )


def _parse_number(text: str, file: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise IntegrityError(f"{file}: Dray-Generation is a number", got=text)
    return int(text)


def format_date(seconds: int) -> str:
    """Return a time as ``Release`` has it, in English whatever the locale is."""
    year, month, day, hour, minute, second, weekday = time.gmtime(seconds)[:7]
    return f"{_DAYS[weekday]}, {day:02} {_MONTHS[month - 1]} {year:04} {hour:02}:{minute:02}:{second:02} UTC"


def parse_date(text: str, file: str) -> int:
    """Return a time of ``Release`` in seconds since 1970.

    Raises:
        IntegrityError: It is no time.
    """
    words = text.rpartition(", ")[2].split(" ")
    try:
        day, month, year, clock, zone = words
        hour, minute, second = (int(part) for part in clock.split(":"))
        found = (int(year), _MONTHS.index(month) + 1, int(day), hour, minute, second)
        seconds = timegm(found)
    except (ValueError, OverflowError):
        zone, found, seconds = "", (0, 0, 0, 0, 0, 0), -1
    if zone not in _ZONES or seconds < 0 or time.gmtime(seconds)[:6] != found:
        raise IntegrityError(f"{file} says when it was made, as in Thu, 26 Nov 2026 20:00:00 UTC", got=text)
    return seconds


def validate_word(value: str, what: str) -> str:
    """Return the name of a suite, a component or an architecture.

    Raises:
        ConfigError: It would not be one in a file or a path.
    """
    if not _WORD.fullmatch(value):
        rule = "is of letters, digits and +._~-, and begins with a letter or digit"
        raise ConfigError(f"apt: the name of a {what} {rule}", got=value)
    return value
