"""The format ``rcd``: scripts of ``rc.d`` of FreeBSD, see ``rc.subr(8)`` and ``daemon(8)``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.service.format import ONLY_SYSTEMD, ServiceFile
from dray.service.shell import command_in_service, parent_folders, quote_sh, render_script, script_path

if TYPE_CHECKING:
    from dray.core.context import Templates
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
            for command in (
                f"sysrc {build_identifier(process)}_enable=YES",
                f"service {build_identifier(process)} start",
            )
        )


def _render_service(service: Service, process: Process, templates: Templates) -> ServiceFile:
    name = build_identifier(process)
    text = templates.render(
        "service/rcd/service",
        service=service,
        process=process,
        description=service.description,
        target=script_path(process),
        log_file=f"{service.log_folder}/{process.name}.log",
        parents=parent_folders(service),
        quote=quote_sh,
        identifier=name,
        restart="" if service.restart == "never" else f"-R {max(service.restart_delay, 1)} ",
        check=command_in_service(process, service.check),
        reload=quote_sh(command_in_service(process, service.reload)) if service.reload else "",
    )
    return ServiceFile(name, text, 0o755, f"/usr/local/etc/rc.d/{name}")


RCD = RcD()
