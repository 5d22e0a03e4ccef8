"""Gets a host ready for a release: user, folders, the service of its init system, and the scripts that run it there.

    setup = build_setup(service, "systemd", templates, warn=print)
    setup.commands       # what is typed there, in order
    setup.pack()         # what travels

Everything can be done again at any time: what is there stays, what differs is replaced.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.deploy.pack import pack_files
from dray.errors import RemoteError
from dray.service.control import build_control
from dray.service.install import list_place_commands
from dray.service.registry import load_format

if TYPE_CHECKING:
    from dray.core.context import Templates
    from dray.core.host import Host
    from dray.deploy.host_state import HostState
    from dray.service.model import Service

_LEAST_FREE_BYTES = 200_000_000


@dataclass(frozen=True, slots=True)
class Setup:
    """What makes a host ready.

    Args:
        files: Names, texts and modes.
        commands: What is typed there, as root, in the folder of the files.
    """

    files: tuple[tuple[str, str, int], ...]
    commands: tuple[str, ...]

    def pack(self) -> bytes:
        """Return what travels."""
        packed = {f"files/{path}": (text.encode(), mode) for path, text, mode in self.files}
        commands = "".join(f"{command}\n" for command in self.commands).encode()
        return pack_files({"commands": (commands, 0o644), **packed})


def build_setup(service: Service, format_name: str, templates: Templates) -> Setup:
    """Return what makes a host with an init system ready for a release.

    Args:
        service: The service to run.
        format_name: The init system.
        templates: Renders its files.

    Raises:
        ConfigError: dray does not deploy to this init system, or it cannot express what is asked.
    """
    control = build_control(service, format_name)
    chosen = load_format(format_name)
    files = chosen.render(service, templates)
    own = f"{service.root}/.dray"
    scripts = list_scripts(service, templates, control_name=format_name)
    placed = [f"install -d -m 0755 {service.root} {own} {own}/versions"]
    placed += [f"install -m {mode:04o} {name} {own}/{name}" for name, _, mode in scripts]
    placed += [f"install -d /usr/local/bin && ln -sfn {own}/command /usr/local/bin/{service.name}"]
    return Setup(
        (*((file.path, file.text, file.mode) for file in files), *scripts),
        (*list_place_commands(service, chosen, files), *placed, *_reload(format_name), control.enable),
    )


def list_scripts(service: Service, templates: Templates, *, control_name: str) -> tuple[tuple[str, str, int], ...]:
    """Return the scripts by which a host runs a release: names, texts and modes."""
    variables = [
        [pair for pair in service.variables(process) if pair[0].startswith(("RELEASE_", "LANG"))]
        for process in service.processes
    ]
    values = {"name": service.release, "root": service.root, "service": service, "variables": variables}
    control = build_control(service, control_name)
    owner = "root:root" if control_name == "systemd" else f"{service.user}:{service.group}"
    places = f"environment_file={service.environment_file}\nenvironment_owner={owner}\n"
    return (
        ("service", templates.render("deploy/service", name=service.name, control=control), 0o755),
        ("command", templates.render("service/command", **values), 0o755),
        ("places", places, 0o644),
    )


def _reload(format_name: str) -> tuple[str, ...]:
    return ("systemctl daemon-reload",) if format_name == "systemd" else ()


def validate_host(state: HostState, host: Host) -> tuple[str, ...]:
    """Check that a host can be set up, and return what its owner should know.

    Raises:
        RemoteError: It cannot.
    """
    if state.facts.get("missing"):
        raise RemoteError(
            f"{host} lacks programs that a deployment needs: {state.facts['missing']}",
            hint="install them with the host's package manager",
        )
    if state.facts.get("init") in {None, "unknown"}:
        raise RemoteError(
            f"{host} has no init system that dray knows", hint="local() and tar() need none; see dray export"
        )
    if 0 < state.free_bytes < _LEAST_FREE_BYTES:
        return (f"{host} has only {state.free_bytes // 1_000_000} MB free",)
    return ()
