"""The format ``openrc``: Alpine, Gentoo and others; see the guide of service scripts and ``supervise-daemon(8)``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.service.format import ONLY_SYSTEMD
from dray.service.shell import render_init_scripts

if TYPE_CHECKING:
    from dray.core.context import Templates
    from dray.service.format import ServiceFile
    from dray.service.model import Service


@dataclass(frozen=True, slots=True)
class OpenRC:
    """Prints a script for each copy."""

    name: str = "openrc"
    description: str = "OpenRC, the init of Alpine and Gentoo"
    ignores: frozenset[str] = ONLY_SYSTEMD

    def render(self, service: Service, templates: Templates) -> tuple[ServiceFile, ...]:
        """Return the scripts; see ``ServiceFormat.render``."""
        return render_init_scripts(service, templates, "service/openrc/service", "/etc/init.d")

    def list_commands(self, service: Service) -> tuple[str, ...]:
        """Return what to type next."""
        return tuple(
            command
            for process in service.processes
            for command in (f"rc-update add {process.name} default", f"rc-service {process.name} start")
        )


OPENRC = OpenRC()
