"""The format ``inittab``: lines for ``/etc/inittab`` of System V init, see ``inittab(5)``.

A line is ``id:runlevels:action:process`` with four characters for the id and 127 for the process, and no quoting. So
the line names a script that holds the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.errors import ConfigError
from dray.service.format import ONLY_SYSTEMD, ServiceFile
from dray.service.shell import render_script, script_path

if TYPE_CHECKING:
    from dray.core.context import Templates
    from dray.service.model import Process, Service


_LONGEST_PROCESS = 127


@dataclass(frozen=True, slots=True)
class Inittab:
    """Prints a line for each copy; init itself starts it again."""

    name: str = "inittab"
    description: str = "System V init, which starts again what ends"
    ignores: frozenset[str] = ONLY_SYSTEMD | {
        "memory_mb",
        "open_files",
        "check",
        "reload",
        "restart_delay",
        "start_timeout",
        "stop_timeout",
        "runtime",
        "group",
    }

    def render(self, service: Service, templates: Templates) -> tuple[ServiceFile, ...]:
        """Return the lines and the scripts; see ``ServiceFormat.render``."""
        lines = [_build_line(service, process, number) for number, process in enumerate(service.processes, start=1)]
        text = templates.render("service/inittab/lines", service=service, lines=lines)
        scripts = (
            render_script(service, process, templates, log_file=f"{service.log_folder}/{process.name}.log")
            for process in service.processes
        )
        return (ServiceFile("inittab", text), *scripts)

    def list_commands(self, service: Service) -> tuple[str, ...]:
        """Return what to type next."""
        del service
        return ("cat inittab >>/etc/inittab", "telinit q")


def _build_line(service: Service, process: Process, number: int) -> str:
    action = "once" if service.restart == "never" else "respawn"
    command = f"/bin/su -s /bin/sh {service.user} -c {script_path(process)}"
    if len(command) > _LONGEST_PROCESS:
        raise ConfigError(f"inittab: a process has {_LONGEST_PROCESS} characters at most", got=command)
    return f"{service.name[:2]}{number:02d}:2345:{action}:{command}"


INITTAB = Inittab()
