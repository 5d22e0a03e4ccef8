"""The format ``launchd``: property lists of macOS, see ``launchd.plist(5)``.

XML cannot hold every character, and launchd reads no file of variables, so a script sets them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.service.format import ONLY_SYSTEMD, ServiceFile
from dray.service.shell import render_script, script_path

if TYPE_CHECKING:
    from dray.core.context import Templates
    from dray.service.model import Service


def quote_xml(text: str) -> str:
    """Return text of XML."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")


@dataclass(frozen=True, slots=True)
class Launchd:
    """Prints a property list for each copy."""

    name: str = "launchd"
    description: str = "launchd, the init of macOS"
    ignores: frozenset[str] = ONLY_SYSTEMD | {"memory_mb", "check", "reload", "start_timeout", "runtime"}

    def render(self, service: Service, templates: Templates) -> tuple[ServiceFile, ...]:
        """Return the property lists and their scripts; see ``ServiceFormat.render``."""
        files: list[ServiceFile] = []
        for process in service.processes:
            text = templates.render(
                "service/launchd/service.plist",
                service=service,
                process=process,
                description=service.description,
                target=script_path(process),
                log_file=f"{service.log_folder}/{process.name}.log",
                quote=quote_xml,
            )
            name = f"{process.name}.plist"
            files.append(ServiceFile(name, text, 0o644, f"/Library/LaunchDaemons/{name}"))
            files.append(render_script(service, process, templates))
        return tuple(files)

    def list_commands(self, service: Service) -> tuple[str, ...]:
        """Return what to type next."""
        folder = "/Library/LaunchDaemons"
        return tuple(f"launchctl bootstrap system {folder}/{process.name}.plist" for process in service.processes)


LAUNCHD = Launchd()
