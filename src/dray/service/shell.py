"""What the formats share that start the release by a shell script: quoting, and the script itself.

Most init systems cannot read a file of variables, or cannot hold any text in a variable. They start this script
instead, which sets the variables and hands over to the launcher.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from dray.service.format import ServiceFile

if TYPE_CHECKING:
    from collections.abc import Callable

    from dray.core.context import Templates
    from dray.service.model import Process, Service

SCRIPTS = "/usr/local/libexec"


def quote_sh(text: str) -> str:
    """Return one word of the POSIX shell."""
    return shlex.quote(text)


def join_sh(words: tuple[str, ...]) -> str:
    """Return a command line of the POSIX shell."""
    return shlex.join(words)


def script_path(process: Process) -> str:
    """Return where the script of a copy is installed."""
    return f"{SCRIPTS}/{process.name}.sh"


def render_script(service: Service, process: Process, templates: Templates, *, log_file: str = "") -> ServiceFile:
    """Return the script that starts a copy of the release in its environment.

    Args:
        service: The service.
        process: The copy.
        templates: Renders ``service/launch.sh``.
        log_file: Where the release writes to, for init systems that leave that to it.
    """
    target = script_path(process)
    text = templates.render(
        "service/launch.sh",
        service=service,
        process=process,
        target=target,
        log_file=log_file,
        quote=quote_sh,
        variables=service.variables(process),
    )
    return ServiceFile(f"{process.name}.sh", text, 0o755, target)


def render_ready(service: Service, process: Process, templates: Templates) -> tuple[ServiceFile, ...]:
    """Return the script that waits until a copy is ready; none where there is nothing to check."""
    if not service.check:
        return ()
    text = templates.render(
        "service/ready.sh",
        service=service,
        process=process,
        target=script_path(process),
        check=join_sh(service.check),
    )
    return (ServiceFile(f"{process.name}.ready.sh", text, 0o755, f"{SCRIPTS}/{process.name}.ready.sh"),)


def render_init_scripts(
    service: Service,
    templates: Templates,
    template: str,
    folder: str,
    *,
    rename: Callable[[Process], str] = lambda process: process.name,
    **values: object,
) -> tuple[ServiceFile, ...]:
    """Return for each copy a script that an init system calls with ``start`` and ``stop``, and the one it starts.

    Args:
        service: The service.
        templates: Renders the script.
        template: The script's template.
        folder: Where scripts are installed.
        rename: Returns the script's name.
        values: What the template gets besides what all of its kind get.
    """
    files: list[ServiceFile] = []
    for process in service.processes:
        name = rename(process)
        text = templates.render(
            template,
            service=service,
            process=process,
            identifier=name,
            description=service.description,
            target=script_path(process),
            log_file=f"{service.log_folder}/{process.name}.log",
            parents=f"{service.state} {service.runtime} " if service.has_instances else "",
            quote=quote_sh,
            check=_command_in_service(process, service.check),
            reload=quote_sh(_command_in_service(process, service.reload)) if service.reload else "",
            **values,
        )
        files.append(ServiceFile(name, text, 0o755, f"{folder}/{name}"))
        files.append(render_script(service, process, templates))
    return tuple(files)


def render_in_directory(
    service: Service,
    process: Process,
    templates: Templates,
    *,
    name: str,
    template: str,
    base: str,
    **values: object,
) -> ServiceFile:
    """Return an executable of a service directory, as runit and s6 have one for each copy.

    Args:
        service: The service.
        process: The copy.
        templates: Renders the file.
        name: Its place in the directory.
        template: Its template.
        base: The folder of all service directories.
        values: What the template gets besides what all of its kind get.
    """
    text = templates.render(
        template,
        service=service,
        process=process,
        quote=quote_sh,
        variables=service.variables(process),
        check=join_sh(service.check),
        log_folder=f"{service.log_folder}/{process.name}" if service.has_instances else service.log_folder,
        **values,
    )
    path = f"{process.name}/{name}"
    return ServiceFile(path, text, 0o755, f"{base}/{path}")


def _command_in_service(process: Process, words: tuple[str, ...]) -> str:
    """Return a command line that runs a program in the service's environment; empty for no words."""
    return join_sh((script_path(process), *words)) if words else ""
