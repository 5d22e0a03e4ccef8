"""A commit as somebody reads it who wants to know what changed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LoggedCommit:
    """A commit and the files that it touched.

    Args:
        sha: Its short name.
        subject: The first line of its message.
        author: Who wrote it.
        files: Paths relative to the project, those that are gone included.
    """

    sha: str
    subject: str
    author: str
    files: tuple[str, ...] = ()
