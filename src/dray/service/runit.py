"""The format ``runit``: service directories, see ``runsv(8)``, ``chpst(8)`` and ``svlogd(8)``.

``chpst -e`` keeps only the first line of a value, so ``run`` itself sets the variables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.service.format import ONLY_SYSTEMD, ServiceFile
from dray.service.shell import render_in_directory

if TYPE_CHECKING:
    from dray.core.context import Templates
    from dray.service.model import Process, Service

_BASE = "/etc/sv"


@dataclass(frozen=True, slots=True)
class Runit:
    """Prints a service directory for each copy, with a logger."""

    name: str = "runit"
    description: str = "runit, of Void Linux and others"
    ignores: frozenset[str] = ONLY_SYSTEMD | {"memory_mb", "start_timeout", "stop_timeout", "reload"}

    def render(self, service: Service, templates: Templates) -> tuple[ServiceFile, ...]:
        """Return the directories' files; see ``ServiceFormat.render``."""
        return tuple(file for process in service.processes for file in _render_process(service, process, templates))

    def list_commands(self, service: Service) -> tuple[str, ...]:
        """Return what to type next."""
        return tuple(f"ln -s /etc/sv/{process.name} /etc/service/" for process in service.processes)


def _render_process(service: Service, process: Process, templates: Templates) -> list[ServiceFile]:
    def render(name: str, template: str = "") -> ServiceFile:
        return render_in_directory(
            service,
            process,
            templates,
            name=name,
            template=f"service/runit/{template or name}",
            base=_BASE,
        )

    files = [render("run"), render("finish"), render("log/run")]
    return [*files, render("check")] if service.check else files


RUNIT = Runit()
