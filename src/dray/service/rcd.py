"""The format ``rcd``: scripts of ``rc.d`` of FreeBSD, see ``rc.subr(8)`` and ``daemon(8)``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.service.format import ONLY_SYSTEMD
from dray.service.shell import render_init_scripts

if TYPE_CHECKING:
    from dray.core.context import Templates
    from dray.service.format import ServiceFile
    from dray.service.model import Process, Service


def build_identifier(process: Process) -> str:
    """Return the name of a copy in rc.d, where it is a part of variables' names and so has no hyphen."""
    return process.name.replace("-", "_")


@dataclass(frozen=True, slots=True)
class RcD:
    """Prints a script for each copy."""

    name: str = "rcd"
    description: str = "rc.d, the init of FreeBSD"
    ignores: frozenset[str] = ONLY_SYSTEMD | {"memory_mb", "stop_timeout"}

    def render(self, service: Service, templates: Templates) -> tuple[ServiceFile, ...]:
        """Return the scripts; see ``ServiceFormat.render``."""
        return render_init_scripts(
            service,
            templates,
            "service/rcd/service",
            "/usr/local/etc/rc.d",
            rename=build_identifier,
            restart="" if service.restart == "never" else f"-R {max(service.restart_delay, 1)} ",
        )

    def list_commands(self, service: Service) -> tuple[str, ...]:
        """Return what to type next."""
        return tuple(
            command
            for process in service.processes
            for command in (
                f"sysrc {build_identifier(process)}_enable=YES",
                f"service {build_identifier(process)} start",
            )
        )


RCD = RcD()
