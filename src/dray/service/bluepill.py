"""The format ``bluepill``: a Ruby process manager, as foreman exports it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.service.format import ONLY_SYSTEMD, ServiceFile
from dray.service.shell import render_script, script_path

if TYPE_CHECKING:
    from dray.core.context import Templates
    from dray.service.model import Process, Service


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    command: str
    state: str
    runtime: str


def quote_ruby(text: str) -> str:
    """Return a string literal of Ruby in single quotes, in which only the backslash and the quote mean something.

    A carriage return gets a literal of its own beside them: at the end of a line, Ruby takes it for the line end.
    """
    quoted = text.replace("\\", "\\\\").replace("'", "\\'").replace("\r", "' \"\\r\" '")
    return f"'{quoted}'"


@dataclass(frozen=True, slots=True)
class Bluepill:
    """Prints one application with a process for each copy; bluepill always starts again what ends."""

    name: str = "bluepill"
    description: str = "bluepill, a process manager written in Ruby"
    ignores: frozenset[str] = ONLY_SYSTEMD | {"open_files", "check", "reload", "restart", "restart_delay"}

    def render(self, service: Service, templates: Templates) -> tuple[ServiceFile, ...]:
        """Return the application and the scripts; see ``ServiceFormat.render``."""
        text = templates.render(
            "service/bluepill/application.pill",
            service=service,
            processes=[_build_row(process) for process in service.processes],
            quote=quote_ruby,
        )
        name = f"{service.name}.pill"
        scripts = (
            render_script(service, process, templates, log_file=f"{service.log_folder}/{process.name}.log")
            for process in service.processes
        )
        return (ServiceFile(name, text, 0o644, f"/etc/bluepill/{name}"), *scripts)

    def list_commands(self, service: Service) -> tuple[str, ...]:
        """Return what to type next."""
        return (f"bluepill load /etc/bluepill/{service.name}.pill",)


def _build_row(process: Process) -> _Row:
    return _Row(process.name, script_path(process), process.state, process.runtime)


BLUEPILL = Bluepill()
