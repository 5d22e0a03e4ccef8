"""The one time that all entries of an archive get, so that the same commit gives the same bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dray.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dray.core.project import Commit

NO_DATE = 315532800
"""1 January 1980, where nothing better is known: tools warn of earlier times."""


def source_date(environ: Mapping[str, str], commit: Commit | None) -> int:
    """Return the time of the sources in seconds since 1970.

    Args:
        environ: ``SOURCE_DATE_EPOCH`` wins, as reproducible-builds.org specifies it.
        commit: The commit that is built.

    Raises:
        UsageError: ``SOURCE_DATE_EPOCH`` is no number of seconds.
    """
    text = environ.get("SOURCE_DATE_EPOCH")
    if text is None:
        return commit.time if commit else NO_DATE
    if not text.isdecimal():
        raise UsageError("SOURCE_DATE_EPOCH is a number of seconds since 1970", got=text)
    return int(text)
