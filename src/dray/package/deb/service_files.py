"""The systemd units of a package: those of the exporter, at the places of a package.

The port mapper's unit gets a name of the package's own, since Erlang's packages bring an ``epmd.service``, too.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dray.core.contents import File
from dray.service.model import Service, build_service
from dray.service.options import read_service_options
from dray.service.systemd import SYSTEMD

if TYPE_CHECKING:
    from dray.core.context import Context, Templates
    from dray.core.release import Release
    from dray.package.deb.place import Place

_UNITS = "usr/lib/systemd/system"
_PORT_MAPPER = "epmd.service"


def build_package_service(release: Release, ctx: Context, place: Place) -> Service:
    """Return the service that ``config("service", ...)`` describes, at the places of a package.

    Raises:
        ConfigError: A value breaks a rule.
    """
    options = read_service_options(ctx.settings.section("service"), {})
    options = replace(
        options,
        name=options.name or place.package,
        root=f"/{place.root}",
        environment_file=options.environment_file or f"/{place.configuration}/environment",
    )
    description = (release.project.description if release.project else None) or ""
    return build_service(options, release=release.name, description=description)


def list_units(service: Service) -> tuple[str, ...]:
    """Return the units that are enabled: of several copies the target, which brings them along."""
    return (f"{service.name}.target",) if service.has_instances else list_process_units(service)


def list_process_units(service: Service) -> tuple[str, ...]:
    """Return the unit of each copy that runs."""
    if not service.has_instances:
        return (f"{service.name}.service",)
    return tuple(f"{service.name}@{process.instance}.service" for process in service.processes)


def list_unit_files(service: Service, templates: Templates, place: Place) -> list[File]:
    """Return the units' files."""
    own = f"{place.package}-{_PORT_MAPPER}"
    files = []
    for file in SYSTEMD.render(service, templates):
        path, text = file.path, file.text
        if path == _PORT_MAPPER:
            path, text = own, _skip_where_one_runs(text, service)
        else:
            text = text.replace(f" {_PORT_MAPPER}", f" {_PORT_MAPPER} {own}")
        files.append(File(f"{_UNITS}/{path}", text.replace("dray export systemd", "dray").encode()))
    return files


def _skip_where_one_runs(text: str, service: Service) -> str:
    condition = f"ExecCondition=/bin/sh -c '! {service.launcher} epmd -names >/dev/null 2>&1'\n"
    return text.replace("ExecStart=", f"{condition}ExecStart=", 1)
