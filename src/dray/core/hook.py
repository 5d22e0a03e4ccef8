"""Hooks: shell snippets that the launcher runs at named moments.

A release carries them in the order in which they were added: by the project's ``rel/hooks``, by its configuration and
by steps. Each is a file in ``releases/VERSION/hooks/POINT``, numbered; its first line says where it comes from.

    add_hook(release, "post_start", b'rpc "Shop.Cache.warm()"', origin="warm_cache")
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from dray.core.contents import File
from dray.errors import ConfigError

if TYPE_CHECKING:
    from dray.core.contents import Source
    from dray.core.release import Release


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
    PRE_INSTALL = "pre_install"
    POST_INSTALL = "post_install"
    PRE_REMOVE = "pre_remove"
    POST_REMOVE = "post_remove"


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
    HookPoint.PRE_INSTALL: "before a package is unpacked; a failure leaves everything as it was",
    HookPoint.POST_INSTALL: "when a package is configured, and its system started or upgraded",
    HookPoint.PRE_REMOVE: "before a package is removed; a failure keeps it",
    HookPoint.POST_REMOVE: "when a package is gone",
}
"""What each point is for, in a line."""

PACKAGE_POINTS = (HookPoint.PRE_INSTALL, HookPoint.POST_INSTALL, HookPoint.PRE_REMOVE, HookPoint.POST_REMOVE)
"""The points at which the package manager runs hooks, and not the launcher."""


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


def add_hook(release: Release, point: str, source: Source, *, origin: str) -> Release:
    """Return the release with one more hook, behind those that the point has.

    Args:
        release: Named, with its version.
        point: The name of the hook point.
        source: The shell text, or the file that holds it.
        origin: Where it comes from, for messages: a path of the project, or the name of a step.

    Raises:
        ConfigError: There is no such point.
    """
    folder = f"{release.version_path}/hooks/{parse_point(point)}"
    number = 1 + sum(1 for entry in release.contents if entry.path.startswith(f"{folder}/"))
    name = origin.rpartition("/")[2].removesuffix(".sh")
    return release.add(File(f"{folder}/{number:03d}-{name}.sh", _mark(source, f"# {origin}\n")))


@dataclass(frozen=True, slots=True)
class _MarkedFile:
    """A file behind a line that says where it comes from; see ``LazySource``.

    Args:
        origin: The file.
        key: The line.
    """

    origin: str
    key: str

    def transform(self, data: bytes) -> bytes:
        return self.key.encode() + data


def _mark(source: Source, line: str) -> Source:
    if isinstance(source, bytes):
        return line.encode() + source
    if isinstance(source, Path):
        return _MarkedFile(str(source), line)
    raise TypeError(f"a hook is text or a file, got: {source!r}")
