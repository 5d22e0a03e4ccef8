"""The format ``upstart``: jobs of Ubuntu 9.10 to 14.10 and RHEL 6, see ``init(5)`` of upstart.

Upstart expands ``$NAME`` in its own variables and reads no files of them, so a script sets them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.service.format import ONLY_SYSTEMD, ServiceFile
from dray.service.shell import render_ready, render_script, script_path

if TYPE_CHECKING:
    from dray.core.context import Templates
    from dray.service.model import Service


def quote_upstart(text: str) -> str:
    """Return one word of an upstart job: in double quotes, with a backslash before what means something there."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@dataclass(frozen=True, slots=True)
class Upstart:
    """Prints a job for each copy; ``template`` tells the two formats apart that use upstart."""

    name: str = "upstart"
    description: str = "upstart, the init of Ubuntu up to 14.10 and of RHEL 6"
    ignores: frozenset[str] = ONLY_SYSTEMD | {
        "memory_mb",
        "restart_delay",
        "start_timeout",
        "reload",
        "log",
        "runtime",
    }

    def render(self, service: Service, templates: Templates) -> tuple[ServiceFile, ...]:
        """Return the jobs and their scripts; see ``ServiceFormat.render``."""
        files: list[ServiceFile] = []
        for process in service.processes:
            ready = render_ready(service, process, templates)
            text = templates.render(
                f"service/{self.name}/service.conf",
                service=service,
                process=process,
                description=service.description,
                quote=quote_upstart,
                target=script_path(process),
                ready=ready[0].target if ready else "",
            )
            job = f"{process.name}.conf"
            files += [ServiceFile(job, text, 0o644, f"/etc/init/{job}"), render_script(service, process, templates)]
            files += ready
        return tuple(files)

    def list_commands(self, service: Service) -> tuple[str, ...]:
        """Return what to type next."""
        return ("initctl reload-configuration", *(f"start {process.name}" for process in service.processes))


UPSTART = Upstart()
