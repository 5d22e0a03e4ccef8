"""What changed, as Debian writes it: made of the project's ``CHANGELOG.md``, or of its git tags.

The format is that of deb-changelog(5). A package of which nothing is known has one entry for its version.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING

from dray.package.deb.identity import upstream_version

if TYPE_CHECKING:
    from collections.abc import Iterable

_HEADING = re.compile(
    r"^#{1,3}\s+\[?v?(?P<version>\d+\.[0-9A-Za-z.+~-]*)\]?(?:\([^)]*\))?\s*"
    r"(?:[-(:\u2013\u2014]*\s*(?P<date>\d{4}-\d{2}-\d{2}))?.*$",
    re.MULTILINE,
)
_ITEM = re.compile(r"^\s*[-*+]\s+(.+(?:\n(?!\s*[-*+]\s)[ \t]+\S.*)*)", re.MULTILINE)
_MOST = 20
"""Entries; older ones are of no interest to whoever installs."""


@dataclass(frozen=True, slots=True)
class Change:
    """What changed with a version.

    Args:
        version: The project's version.
        time: When it was released, in seconds since 1970; 0 where it is not known.
        items: A sentence each.
    """

    version: str
    time: int
    items: tuple[str, ...]


def parse_changelog(text: str) -> tuple[Change, ...]:
    """Return the versions of a ``CHANGELOG.md``, in its order; headings without a version are left out."""
    found = list(_HEADING.finditer(text))
    ends = [*(match.start() for match in found), len(text)][1:]
    return tuple(
        Change(match["version"], _parse_date(match["date"]), _read_items(text[match.end() : end]))
        for match, end in zip(found, ends, strict=True)
    )


def changes_of_tags(tags: Iterable[tuple[str, int, tuple[str, ...]]]) -> tuple[Change, ...]:
    """Return the versions of a repository's tags, ``v1.2.0`` or ``1.2.0``; other tags are left out."""
    return tuple(
        Change(name.removeprefix("v"), moment, subjects)
        for name, moment, subjects in tags
        if re.match(r"v?\d+\.", name)
    )


def format_changelog(
    changes: Iterable[Change], *, package: str, version: str, current: str, maintainer: str, time: int
) -> str:
    """Return the text of ``changelog.Debian``.

    Args:
        changes: What is known, the newest first.
        package: The package.
        version: Its version.
        current: The project's version that it is of.
        maintainer: ``Name <mail>``.
        time: When it is made; also where a version's time is not known.
    """
    known = list(changes)
    own = next((change for change in known if change.version == current), Change(current, time, ()))
    older = [change for change in known if change.version != current]
    if own in known:
        older = known[known.index(own) + 1 :]
    entries = [_format_entry(own, package, version, maintainer, time)]
    entries += [
        _format_entry(change, package, f"{upstream_version(change.version)}-1", maintainer, time)
        for change in older[: _MOST - 1]
    ]
    return "\n".join(entries)


def _format_entry(change: Change, package: str, version: str, maintainer: str, time: int) -> str:
    items = change.items or (f"Release {change.version}.",)
    lines = [
        textwrap.fill(" ".join(item.split()), 78, initial_indent="  * ", subsequent_indent="    ") for item in items
    ]
    moment = datetime.fromtimestamp(change.time or time, UTC)
    head, body = f"{package} ({version}) unstable; urgency=medium", "\n".join(lines)
    return f"{head}\n\n{body}\n\n -- {maintainer}  {format_datetime(moment)}\n"


def _parse_date(text: str | None) -> int:
    try:
        return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) if text else 0
    except ValueError:
        return 0


def _read_items(text: str) -> tuple[str, ...]:
    return tuple(" ".join(match[1].split()) for match in _ITEM.finditer(text))
