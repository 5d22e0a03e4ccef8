"""What to type on a host to install a service's files: user, folders, files, then the init system's own commands."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dray.service.format import ServiceFile, ServiceFormat
    from dray.service.model import Service


def list_install_commands(service: Service, chosen: ServiceFormat, files: tuple[ServiceFile, ...]) -> tuple[str, ...]:
    """Return the commands, for root, to be typed in the folder of the files."""
    if chosen.name == "procfile" and not any(file.target for file in files):
        return chosen.list_commands(service)
    return (*list_place_commands(service, chosen, files), *chosen.list_commands(service))


def list_place_commands(service: Service, chosen: ServiceFormat, files: tuple[ServiceFile, ...]) -> tuple[str, ...]:
    """Return the commands that make user and folders and put the files into their places; nothing starts."""
    placed = [file for file in files if file.target]
    parents = dict.fromkeys(file.target.rpartition("/")[0] for file in placed)
    return (
        *_list_user_commands(service, chosen),
        f"install -d -m 0750 -o root -g {service.group} {service.environment_file.rpartition('/')[0]}",
        _make_environment_file(service),
        *_list_folders(service, chosen),
        f"install -d {' '.join(parents)}",
        *map(_install_file, placed),
    )


def _install_file(file: ServiceFile) -> str:
    unless = f"{file.unless} >/dev/null 2>&1 || " if file.unless else ""
    return f"{unless}install -m {file.mode:04o} {shlex.quote(file.path)} {file.target}"


def _make_environment_file(service: Service) -> str:
    file = service.environment_file
    return f"test -e {file} || install -m 0640 -o root -g {service.group} /dev/null {file}"


def _list_user_commands(service: Service, chosen: ServiceFormat) -> tuple[str, ...]:
    user, group, home = service.user, service.group, service.state
    if chosen.name == "rcd":
        return (
            f"pw group show {group} || pw groupadd {group}",
            f"id {user} || pw useradd {user} -g {group} -d {home} -s /usr/sbin/nologin",
        )
    if chosen.name == "launchd":
        return (f"id {user} || sysadminctl -addUser {user} -home {home} -shell /usr/bin/false",)
    return (
        f"getent group {group} || groupadd --system {group}",
        f"id {user} || useradd --system --gid {group} --home-dir {home} --shell /usr/sbin/nologin {user}",
    )


def _list_folders(service: Service, chosen: ServiceFormat) -> list[str]:
    if chosen.name == "systemd":
        return []
    folders = [service.state, service.log_folder]
    if service.has_instances:
        folders += [process.state for process in service.processes]
    return [f"install -d -m 0750 -o {service.user} -g {service.group} {' '.join(folders)}"]
