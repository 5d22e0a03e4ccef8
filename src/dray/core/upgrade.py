"""What was decided about the upgrade from one version: hot, or with a restart, and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class Verdict(StrEnum):
    """How a node gets from one version to another."""

    HOT = "hot"
    RESTART = "restart"


@dataclass(frozen=True, slots=True)
class Upgrade:
    """The upgrade from one base to the release that carries it, and back.

    Args:
        base: The version that it starts from.
        verdict: How it is done.
        reasons: Why a restart is needed; empty for a hot upgrade.
        changes: What changes and how, one sentence each.
        place: Where the base was read from; no part of what the release says.
    """

    base: str
    verdict: Verdict
    reasons: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    place: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Input:
    """Something outside of the project's sources that a step read, so that it counts for the next build.

    Args:
        path: A file, or a folder with all that lies below it.
        names_only: Whether only the names in a folder count.
    """

    path: Path
    names_only: bool = False
