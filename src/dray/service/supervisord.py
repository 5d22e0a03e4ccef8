"""The format ``supervisord``, see the manual of supervisor, "Configuration File".

Its ``environment=`` has no way to write both quotes, so a script sets the variables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.service.format import ONLY_SYSTEMD, ServiceFile
from dray.service.shell import render_script, script_path

if TYPE_CHECKING:
    from dray.core.context import Templates
    from dray.service.model import Process, Service


_RESTART = {"on-failure": "unexpected", "always": "true", "never": "false"}


def quote_supervisord(text: str) -> str:
    """Return one word of a ``command=``: supervisor expands ``%``, drops what follows `` ;`` and splits as a shell.

    A line end cannot be written; a path has none.
    """
    quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return '"' + quoted.replace(" ;", ' "";') + '"'


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    command: str
    state: str


@dataclass(frozen=True, slots=True)
class Supervisord:
    """Prints one file with a program for each copy, and a group of them."""

    name: str = "supervisord"
    description: str = "supervisor, a process manager that needs no init system"
    ignores: frozenset[str] = ONLY_SYSTEMD | {
        "memory_mb",
        "open_files",
        "check",
        "reload",
        "group",
        "restart_delay",
        "start_timeout",
        "runtime",
    }

    def render(self, service: Service, templates: Templates) -> tuple[ServiceFile, ...]:
        """Return the program's section and its scripts; see ``ServiceFormat.render``."""
        text = templates.render(
            "service/supervisord/program.conf",
            service=service,
            description=service.description,
            restart=_RESTART[service.restart],
            processes=[_build_row(process) for process in service.processes],
            programs=",".join(process.name for process in service.processes),
            quote=quote_supervisord,
        )
        file = ServiceFile(f"{service.name}.conf", text, 0o644, f"/etc/supervisor/conf.d/{service.name}.conf")
        return (file, *(render_script(service, process, templates) for process in service.processes))

    def list_commands(self, service: Service) -> tuple[str, ...]:
        """Return what to type next."""
        del service
        return ("supervisorctl reread", "supervisorctl update")


def _build_row(process: Process) -> _Row:
    return _Row(process.name, script_path(process), process.state)


SUPERVISORD = Supervisord()
