"""How a service is started, stopped and read on a host, by its init system: what a deployment types there.

Each is a line of shell. Of the formats of ``dray export``, those are here whose init system dray finds by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.errors import ConfigError

if TYPE_CHECKING:
    from dray.service.model import Service


@dataclass(frozen=True, slots=True)
class Control:
    """The commands of a service.

    Args:
        enable: Lets it start when the host boots; it does not start now.
        start: Starts it, and waits as long as the init system knows to wait.
        stop: Stops it, and waits until it is gone.
        logs: Prints the last ``$2`` lines of its log, and goes on with a third word.
    """

    enable: str
    start: str
    stop: str
    logs: str


def build_control(service: Service, format_name: str) -> Control:
    """Return the commands by which an init system controls a service.

    Args:
        service: The service, one copy of it.
        format_name: The init system, by the name of its format.

    Raises:
        ConfigError: dray does not deploy to this init system, or the service has several copies.
    """
    if service.has_instances:
        raise ConfigError(
            "a deployment by ssh runs one copy of the release on a host",
            got=f"instances={len(service.processes)}",
            hint="deb() installs and upgrades several copies",
        )
    name = service.name
    tail = f'tail -n "$2" ${{3:+-f}} {service.log_folder}/current'
    match format_name:
        case "systemd":
            logs = f'journalctl --no-pager -o short-iso -u {name} -n "$2" ${{3:+-f}}'
            return Control(f"systemctl enable -q {name}", f"systemctl start {name}", f"systemctl stop {name}", logs)
        case "openrc":
            logs = f'tail -n "$2" ${{3:+-f}} {service.log_folder}/{name}.log'
            return Control(
                f"rc-update -q add {name} default", f"rc-service {name} start", f"rc-service {name} stop", logs
            )
        case "runit":
            wait = f"until [ -p /etc/service/{name}/supervise/ok ]; do sleep 0.2; done"
            return Control(
                f"touch /etc/sv/{name}/down && ln -sfn /etc/sv/{name} /etc/service/{name}",
                f"rm -f /etc/sv/{name}/down; {wait}; sv -w {service.start_timeout} start {name}",
                f"sv -w {service.stop_timeout} stop {name}",
                tail,
            )
        case "s6":
            folder = f"/run/service/{name}"
            return Control(
                f"touch /etc/s6/sv/{name}/down && ln -sfn /etc/s6/sv/{name} {folder} && s6-svscanctl -a /run/service",
                f"rm -f /etc/s6/sv/{name}/down; until s6-svok {folder}; do sleep 0.2; done; s6-svc -u {folder}",
                f"s6-svc -wd -T {service.stop_timeout * 1000} -d {folder}",
                tail,
            )
        case "sysv":
            logs = f'tail -n "$2" ${{3:+-f}} {service.log_folder}/{name}.log'
            enable = f"if command -v update-rc.d; then update-rc.d {name} defaults; else chkconfig --add {name}; fi"
            return Control(enable, f"/etc/init.d/{name} start", f"/etc/init.d/{name} stop", logs)
    raise ConfigError(
        "dray deploys to hosts with systemd, OpenRC, runit, s6 or init scripts",
        got=format_name,
        hint="dray export writes the files of others; deb() and tar() need no dray on the way",
    )
