"""The format ``s6``: service directories, see the pages of s6 on ``s6-supervise`` and "service directories"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.service.format import ONLY_SYSTEMD, ServiceFile
from dray.service.shell import render_in_directory

if TYPE_CHECKING:
    from dray.core.context import Templates
    from dray.service.model import Process, Service

_BASE = "/etc/s6/sv"


@dataclass(frozen=True, slots=True)
class S6Format:
    """Prints a service directory for each copy, with a logger."""

    name: str = "s6"
    description: str = "s6, of container images and others"
    ignores: frozenset[str] = ONLY_SYSTEMD | {"memory_mb", "start_timeout", "reload"}

    def render(self, service: Service, templates: Templates) -> tuple[ServiceFile, ...]:
        """Return the directories' files; see ``ServiceFormat.render``."""
        return tuple(file for process in service.processes for file in _render_process(service, process, templates))

    def list_commands(self, service: Service) -> tuple[str, ...]:
        """Return what to type next."""
        links = (f"ln -s /etc/s6/sv/{process.name} /run/service/" for process in service.processes)
        return (*links, "s6-svscanctl -a /run/service")


def _render_process(service: Service, process: Process, templates: Templates) -> list[ServiceFile]:
    def render(name: str, template: str = "") -> ServiceFile:
        return render_in_directory(
            service,
            process,
            templates,
            name=name,
            template=f"service/s6/{template or name}",
            base=_BASE,
            notify="s6-notifyoncheck -d -n 0 -w 1000 " if service.check else "",
        )

    def write(name: str, number: int) -> ServiceFile:
        path = f"{process.name}/{name}"
        return ServiceFile(path, f"{number}\n", 0o644, f"{_BASE}/{path}")

    files = [
        render("run"),
        render("finish"),
        render("log/run"),
        write("timeout-kill", service.stop_timeout * 1000),
        write("timeout-finish", service.restart_delay * 1000 + 5000),
    ]
    if service.check:
        files += [render("data/check", "check"), write("notification-fd", 3)]
    return files


S6 = S6Format()
