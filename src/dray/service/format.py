"""The interface of a format, and the files that it makes.

A format is an object that is registered in the entry-point group ``dray.services``:

    [project.entry-points."dray.services"]
    monit = "dray_monit:MONIT"
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from dray.core.context import Templates
    from dray.service.model import Service


ONLY_SYSTEMD = frozenset({"credentials", "relax", "watchdog", "writable"})
"""The options that mean nothing to any other init system."""


@dataclass(frozen=True, slots=True)
class ServiceFile:
    """A file of a service.

    Args:
        path: Relative to the folder that is exported to.
        text: What it says.
        mode: Permission bits.
        target: Where it is installed on the host; empty where that is not for dray to say.
        unless: A command that succeeds on hosts that do not need the file.
    """

    path: str
    text: str
    mode: int = 0o644
    target: str = ""
    unless: str = ""


@runtime_checkable
class ServiceFormat(Protocol):
    """One init system: prints the files by which it runs a service."""

    @property
    def name(self) -> str:
        """What users call it, in lower case."""

    @property
    def description(self) -> str:
        """One line about the init system."""

    @property
    def ignores(self) -> frozenset[str]:
        """The options that mean nothing to it; the user is told where they are set."""

    def render(self, service: Service, templates: Templates) -> tuple[ServiceFile, ...]:
        """Return the service's files.

        Args:
            service: What to run.
            templates: Renders ``service/FORMAT/...``, the user's own templates first.

        Raises:
            ConfigError: The init system cannot express what is asked.
        """

    def list_commands(self, service: Service) -> tuple[str, ...]:
        """Return what to type, as root, once the files are installed."""
