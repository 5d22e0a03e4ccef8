"""The format ``procfile``: for foreman, honcho, overmind and hosts that read a ``Procfile``.

A Procfile has one line for a process and no quoting, so the line names a script that is beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.service.format import ONLY_SYSTEMD, ServiceFile
from dray.service.shell import render_script

if TYPE_CHECKING:
    from dray.core.context import Templates
    from dray.service.model import Service


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    script: str


@dataclass(frozen=True, slots=True)
class Procfile:
    """Prints a ``Procfile``; user and restarts are the business of who reads it."""

    name: str = "procfile"
    description: str = "a Procfile for foreman, honcho, overmind and hosting services"
    ignores: frozenset[str] = ONLY_SYSTEMD | {
        "memory_mb",
        "open_files",
        "check",
        "reload",
        "restart",
        "log",
        "user",
        "group",
        "start_timeout",
        "stop_timeout",
        "restart_delay",
        "runtime",
    }

    def render(self, service: Service, templates: Templates) -> tuple[ServiceFile, ...]:
        """Return the Procfile and the scripts; see ``ServiceFormat.render``."""
        scripts = [render_script(service, process, templates) for process in service.processes]
        rows = [_Row(process.name, f"{process.name}.sh") for process in service.processes]
        text = templates.render("service/procfile/Procfile", service=service, processes=rows)
        files = (ServiceFile("Procfile", text), *scripts)
        return tuple(ServiceFile(file.path, file.text, file.mode) for file in files)

    def list_commands(self, service: Service) -> tuple[str, ...]:
        """Return what to type next."""
        del service
        return ("foreman start",)


PROCFILE = Procfile()
