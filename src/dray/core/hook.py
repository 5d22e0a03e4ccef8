"""Hooks: shell snippets that the launcher runs at named moments.

A release carries them in the order in which they were added: by the project's ``rel/hooks``, by its configuration and
by steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from dray.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from dray.core.contents import Source


class HookPoint(StrEnum):
    """The moments at which the launcher runs hooks; ``HOOK_POINTS`` says what each is for."""

    PRE_CONFIGURE = "pre_configure"
    POST_CONFIGURE = "post_configure"
    PRE_START = "pre_start"
    POST_START = "post_start"
    PRE_STOP = "pre_stop"
    POST_STOP = "post_stop"
    STATUS = "status"
    PRE_UPGRADE = "pre_upgrade"
    POST_UPGRADE = "post_upgrade"


HOOK_POINTS = {
    HookPoint.PRE_CONFIGURE: "before a start prepares its configuration and flags; the system gets what it exports",
    HookPoint.POST_CONFIGURE: "when these are ready, in the files that variables name; exports count here, too",
    HookPoint.PRE_START: "right before the system starts; a failure keeps it from starting",
    HookPoint.POST_START: "when the node answers for the first time; a failure stops the system",
    HookPoint.PRE_STOP: "before the system is told to stop; a failure keeps `stop` from stopping",
    HookPoint.POST_STOP: "when the system is gone after it was told to stop",
    HookPoint.STATUS: "in `status`, while the system runs; a failure is that of `status`",
    HookPoint.PRE_UPGRADE: "before another version is installed into the running system",
    HookPoint.POST_UPGRADE: "when the new version runs",
}
"""What each point is for, in a line."""


@dataclass(frozen=True, slots=True)
class Hook:
    """A hook.

    Args:
        point: When it runs.
        origin: Where it comes from, for messages: a path of the project, or the name of a step.
        source: Its text.
    """

    point: HookPoint
    origin: str
    source: Source


def parse_point(name: str) -> HookPoint:
    """Return the hook point of a name.

    Raises:
        ConfigError: There is none.
    """
    try:
        return HookPoint(name)
    except ValueError:
        names = tuple(point.value for point in HookPoint)
        raise ConfigError(
            f"there is no hook point {name}; there are: {', '.join(names)}", got=name, choices=names
        ) from None


def read_hook(root: Path, point: str, path: str) -> Hook:
    """Return a hook of a file.

    Args:
        root: The project.
        point: The name of the hook point.
        path: The file, relative to the project.

    Raises:
        ConfigError: There is no such point or no such file.
    """
    known = parse_point(point)
    file = root / path
    if not file.is_file():
        raise ConfigError(f"the hook {path} for {point} is missing: there is no such file", got=path)
    return Hook(known, path, file)
