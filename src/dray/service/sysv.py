"""The format ``sysv``: scripts of ``/etc/init.d`` with the header and the statuses of LSB 5.0, chapter 22."""

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
class SysV:
    """Prints a script for each copy."""

    name: str = "sysv"
    description: str = "System V scripts in /etc/init.d, as the LSB describes them"
    ignores: frozenset[str] = ONLY_SYSTEMD | {"memory_mb", "restart", "restart_delay", "log"}

    def render(self, service: Service, templates: Templates) -> tuple[ServiceFile, ...]:
        """Return the scripts; see ``ServiceFormat.render``."""
        return render_init_scripts(service, templates, "service/sysv/service", "/etc/init.d")

    def list_commands(self, service: Service) -> tuple[str, ...]:
        """Return what to type next."""
        return tuple(
            command
            for process in service.processes
            for command in (f"update-rc.d {process.name} defaults", f"service {process.name} start")
        )


SYSV = SysV()
