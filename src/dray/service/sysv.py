"""The format ``sysv``: scripts of ``/etc/init.d`` with the header and the statuses of LSB 5.0, chapter 22."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.service.format import ONLY_SYSTEMD, ServiceFile
from dray.service.shell import command_in_service, parent_folders, quote_sh, render_script, script_path

if TYPE_CHECKING:
    from dray.core.context import Templates
    from dray.service.model import Process, Service


@dataclass(frozen=True, slots=True)
class SysV:
    """Prints a script for each copy."""

    name: str = "sysv"
    description: str = "System V scripts in /etc/init.d, as the LSB describes them"
    ignores: frozenset[str] = ONLY_SYSTEMD | {"memory_mb", "restart", "restart_delay", "log"}

    def render(self, service: Service, templates: Templates) -> tuple[ServiceFile, ...]:
        """Return the scripts; see ``ServiceFormat.render``."""
        files: list[ServiceFile] = []
        for process in service.processes:
            files.append(_render_service(service, process, templates))
            files.append(render_script(service, process, templates))
        return tuple(files)

    def list_commands(self, service: Service) -> tuple[str, ...]:
        """Return what to type next."""
        return tuple(
            command
            for process in service.processes
            for command in (f"update-rc.d {process.name} defaults", f"service {process.name} start")
        )


def _render_service(service: Service, process: Process, templates: Templates) -> ServiceFile:
    text = templates.render(
        "service/sysv/service",
        service=service,
        process=process,
        description=service.description,
        target=script_path(process),
        log_file=f"{service.log_folder}/{process.name}.log",
        parents=parent_folders(service),
        quote=quote_sh,
        check=quote_sh(command_in_service(process, service.check)) if service.check else "",
        reload=quote_sh(command_in_service(process, service.reload)) if service.reload else "",
    )
    return ServiceFile(process.name, text, 0o755, f"/etc/init.d/{process.name}")


SYSV = SysV()
