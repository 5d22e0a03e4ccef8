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
    """The moments at which the launcher runs hooks."""

    PRE_CONFIGURE = "pre_configure"
    """Before a start prepares cookie, configuration and flags. What it exports, the system gets."""

    POST_CONFIGURE = "post_configure"
    """When they are ready, in the files that RELEASE_SYS_CONFIG and RELEASE_VM_ARGS name. Exports count here, too."""

    PRE_START = "pre_start"
    """Right before the system starts, where a migration belongs. A failure keeps the system from starting."""

    POST_START = "post_start"
    """When the node answers for the first time. A failure stops the system."""

    PRE_STOP = "pre_stop"
    """Before the system is told to stop by ``stop``, SIGTERM or SIGINT. A failure keeps ``stop`` from stopping."""

    POST_STOP = "post_stop"
    """When the system is gone after it was told to stop."""

    STATUS = "status"
    """In ``status``, while the system runs. A failure is that of ``status``."""

    PRE_UPGRADE = "pre_upgrade"
    """Before another version is installed into the running system."""

    POST_UPGRADE = "post_upgrade"
    """When the new version runs, with its hooks and its code."""


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
        names = tuple(HookPoint)
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
    file = root / path
    if not file.is_file():
        raise ConfigError(f"the hook {path} for {point} is missing: there is no such file", got=path)
    return Hook(parse_point(point), path, file)
