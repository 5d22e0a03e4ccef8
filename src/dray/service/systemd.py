"""The format ``systemd``: units, see ``systemd.service(5)``, ``systemd.exec(5)`` and ``systemd.syntax(7)``.

The launcher says READY by itself (``Type=notify``); a check that the user asks for runs as ``ExecStartPost``, so that
the unit is active only when it has passed. Instances are those of one template unit, each with a drop-in for what it
has of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dray.errors import ConfigError
from dray.service.format import ServiceFile
from dray.service.hardening import list_protections

if TYPE_CHECKING:
    from dray.core.context import Templates
    from dray.service.model import Process, Service

_UNITS = "/etc/systemd/system"
_RESTART = {"on-failure": "on-failure", "always": "always", "never": "no"}
_MANAGED = (("StateDirectory", "/var/lib/"), ("RuntimeDirectory", "/run/"), ("LogsDirectory", "/var/log/"))
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "%": "%%"}
_PLAIN = re.compile(r"[A-Za-z0-9_./:=@+,-]+")
# A node that finds no port mapper starts one: it is better to go on than to hold the start back.
_A_MOMENT = 'for n in 1 2 3 4 5; do "$@" >/dev/null 2>&1 && break; sleep 1; done'
_UNTIL = 'until "$@" >/dev/null 2>&1; do sleep 1; done'
WAIT = (
    """\
check=$1; shift; \
trap 'echo "the check did not pass in time: $check" >&2; exit 1' TERM; \
"""
    + _UNTIL
)


def quote_systemd(text: str, *, command: bool = False) -> str:
    """Return one word of a unit, in double quotes where it needs them.

    Args:
        text: Any text. A variable may have no control characters but tab and line end: systemd refuses others.
        command: Whether it stands in a command line, where ``$`` begins a variable, too.
    """
    if _PLAIN.fullmatch(text):
        return text
    quoted = "".join(
        _ESCAPES.get(letter) or (letter if letter >= " " else f"\\x{ord(letter):02x}") for letter in text
    )
    return f'"{quoted.replace("$", "$$") if command else quoted}"'


@dataclass(frozen=True, slots=True)
class Systemd:
    """Prints a service, or for instances a template unit, their drop-ins and a target."""

    name: str = "systemd"
    description: str = "systemd, the init of most Linux distributions"
    ignores: frozenset[str] = frozenset()

    def render(self, service: Service, templates: Templates) -> tuple[ServiceFile, ...]:
        """Return the units; see ``ServiceFormat.render``."""
        _validate(service)
        if not service.has_instances:
            return (_render_unit(service, service.processes[0], templates), _render_port_mapper(service, templates))
        target = templates.render(
            "service/systemd/target", service=service, description=service.description.replace("%", "%%")
        )
        drop_ins = (_render_drop_in(service, process, templates) for process in service.processes)
        return (
            _render_unit(service, service.processes[0], templates),
            *drop_ins,
            _unit_file(f"{service.name}.target", target),
            _render_port_mapper(service, templates),
        )

    def list_commands(self, service: Service) -> tuple[str, ...]:
        """Return what to type next."""
        if not service.has_instances:
            return ("systemctl daemon-reload", f"systemctl enable --now {service.name}")
        units = " ".join(f"{service.name}@{process.instance}" for process in service.processes)
        return ("systemctl daemon-reload", f"systemctl enable --now {units} {service.name}.target")


def _render_unit(service: Service, process: Process, templates: Templates) -> ServiceFile:
    unit = f"{service.name}@.service" if service.has_instances else f"{service.name}.service"
    own = {key for key, _ in process.environment} if service.has_instances else set()

    def of_any(path: str) -> str:
        return path[: -len(process.instance)] + "%i" if service.has_instances else path

    variables = [(key, value) for key, value in service.variables(process) if key not in own]
    text = templates.render(
        "service/systemd/service",
        service=service,
        unit=unit,
        description=service.description.replace("%", "%%") + (" %i" if service.has_instances else ""),
        wait=_join(("/bin/sh", "-c", WAIT, "wait", service.check_text, *service.check)) if service.check else "",
        reload=_join(service.reload) if service.reload else "",
        restart=_RESTART[service.restart],
        state=of_any(process.state),
        folders=_list_folders(service, of_any(process.state), of_any(process.runtime)),
        environment=[
            f"{key}={of_any(value)}" if key == "RELEASE_TMP" else quote_systemd(f"{key}={value}")
            for key, value in variables
        ],
        environment_files=[service.environment_file, *([f"{service.environment_file}.%i"] if own else [])],
        log=_list_log(service),
        hardening=list_protections(service.relax, root=service.root, writable=service.writable),
        quote=quote_systemd,
    )
    return _unit_file(unit, text)


def _render_drop_in(service: Service, process: Process, templates: Templates) -> ServiceFile:
    text = templates.render(
        "service/systemd/instance.conf",
        service=service,
        process=process,
        environment=[quote_systemd(f"{key}={value}") for key, value in process.environment],
        quote=quote_systemd,
    )
    return _unit_file(f"{service.name}@{process.instance}.service.d/instance.conf", text)


def _render_port_mapper(service: Service, templates: Templates) -> ServiceFile:
    """Return the unit of the port mapper: were it a child of one node's unit, it would end with that node."""
    text = templates.render(
        "service/systemd/epmd.service",
        service=service,
        wait=_join(("/bin/sh", "-c", _A_MOMENT, "wait", service.launcher, "epmd", "-names")),
        hardening=list_protections(tuple({"home"} & set(service.relax)), root=service.root, writable=()),
    )
    return replace(_unit_file("epmd.service", text), unless="systemctl cat epmd.service")


def _list_folders(service: Service, state: str, runtime: str) -> list[str]:
    """Return the settings by which systemd makes the folders, or lets them be written where it cannot make them."""
    lines = []
    for (key, base), path in zip(_MANAGED, (state, runtime, service.log_folder), strict=True):
        below = path.removeprefix(base)
        lines.append(f"{key}={below}" if below != path else f"ReadWritePaths={path}")
    return [*lines, "StateDirectoryMode=0750", "RuntimeDirectoryMode=0750", "LogsDirectoryMode=0750"]


def _list_log(service: Service) -> list[str]:
    if not service.log:
        return ["StandardOutput=journal", "StandardError=inherit", f"SyslogIdentifier={service.name}"]
    return [
        f"StandardOutput=append:{service.log}/{service.name}{'-%i' if service.has_instances else ''}.log",
        "StandardError=inherit",
    ]


def _join(words: tuple[str, ...]) -> str:
    return " ".join((words[0], *(quote_systemd(word, command=True) for word in words[1:])))


def _unit_file(path: str, text: str) -> ServiceFile:
    return ServiceFile(path, text, 0o644, f"{_UNITS}/{path}")


def _validate(service: Service) -> None:
    for key, value in service.environment:
        if any((letter < " " and letter not in "\t\n") or letter == "\x7f" for letter in value):
            raise ConfigError(
                f"service: systemd takes no control characters but tab and line end in variables, and {key} has one",
                got=repr(value),
            )
    if service.root.startswith(("/home/", "/root/")) and "home" not in service.relax:
        raise ConfigError(
            f"service: systemd hides {service.root} from the release", hint='relax=["home"], or install it elsewhere'
        )


SYSTEMD = Systemd()
