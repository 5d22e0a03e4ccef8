"""What is asked of a project when its facts are read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FactsRequest:
    """The release that the facts are for, as far as dray's own configuration speaks of it.

    The project's EEx templates see these values, so they belong to the question and not to what is done later.

    Args:
        release: Its name; None for the one that the project would choose.
        version: Its version or a pattern with ``{mix}``; None for the project's own.
        applications: Application and mode; None for the project's own.
    """

    release: str | None = None
    version: str | None = None
    applications: tuple[tuple[str, str], ...] | None = None
