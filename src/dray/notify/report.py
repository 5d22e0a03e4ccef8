"""The facts of a notification, ready to be printed: every text is one line and of bounded length."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Event(StrEnum):
    """What is reported."""

    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    UNDER_WAY = "under way"


@dataclass(frozen=True, slots=True)
class CommitLine:
    """A commit: short name, first line of its message, author."""

    sha: str
    subject: str
    author: str


@dataclass(frozen=True, slots=True)
class Commits:
    """Commits, the newest first.

    Args:
        shown: Those to print.
        more: How many others there are.
    """

    shown: tuple[CommitLine, ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True)
class AppChange:
    """An application that changed.

    Args:
        name: Its name.
        version: Its version.
        previous: The version before; empty where it is not known or the same.
        commits: The commits that touched its folder.
    """

    name: str
    version: str
    previous: str = ""
    commits: Commits = Commits()


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed since the release before.

    Args:
        present: The applications of the project, as one text, where there is nothing to compare them with.
        applications: The applications of the project that changed and have commits or a new version to show.
        alike: Those that changed only with what all share, as one text.
        unchanged: Those that did not change, as one text.
        removed: Those that are gone, as one text.
        shared: The commits that touched what all applications share.
        dependencies: Applications of others, with their versions, as one text.
        note: What is to be said of the comparison itself.
    """

    present: str = ""
    applications: tuple[AppChange, ...] = ()
    alike: str = ""
    unchanged: str = ""
    removed: str = ""
    shared: Commits = Commits()
    dependencies: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What went wrong.

    Args:
        step: The step that failed.
        what: What happened.
        place: The line in the user's file, if there is one.
        hint: What to do about it.
    """

    step: str
    what: str
    place: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class RolloutText:
    """What became of a fleet, or how far it is.

    Args:
        fleet: Its name, or the folder.
        summary: It in a few words.
        lines: Hosts where they differ or failed, and why nodes were restarted.
    """

    fleet: str
    summary: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """Who did it, and where.

    Args:
        who: A person, or the user that a program runs as.
        host: The machine.
        url: The page of the CI job; empty elsewhere.
    """

    who: str = ""
    host: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a notification says.

    Args:
        event: What happened.
        headline: It in a few words.
        name: The release.
        version: Its version.
        previous: The version before; empty where there is none.
        env: The environment.
        commit: The short name of the commit, with ``.dirty`` where the tree was; empty without git.
        trouble: What went wrong, if something did.
        changes: What changed.
        upgrades: How a node gets to this version, one text for each version before.
        artifacts: Files and their sizes.
        publications: Where it can be had.
        origin: Who did it, and where.
        duration: How long it took.
        rollouts: Where it was deployed.
    """

    event: Event
    headline: str
    name: str
    version: str
    env: str
    previous: str = ""
    commit: str = ""
    trouble: Trouble | None = None
    changes: Changes = Changes()
    upgrades: tuple[str, ...] = ()
    artifacts: tuple[str, ...] = ()
    publications: tuple[str, ...] = ()
    origin: Origin = Origin()
    duration: str = ""
    rollouts: tuple[RolloutText, ...] = ()


def map_texts(value: T, change: Callable[[str], str]) -> T:
    """Return a report, or a part of one, with a function applied to each of its texts."""
    mapped: Any = value
    if isinstance(value, tuple):
        mapped = tuple(map_texts(item, change) for item in value)
    elif isinstance(value, str) and not isinstance(value, StrEnum):
        mapped = change(value)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        mapped = dataclasses.replace(value, **{name: map_texts(item, change) for name, item in fields.items()})
    return mapped  # type: ignore[no-any-return]
