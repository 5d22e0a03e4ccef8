"""Checks that the packages of a project's releases can be installed side by side: no two of them have one file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dray.errors import ConfigError
from dray.package.deb.place import Place
from dray.package.deb.service_files import build_package_service, list_unit_files

if TYPE_CHECKING:
    from dray.core.context import Context
    from dray.core.release import Release
    from dray.package.deb.group import Group
    from dray.package.deb.packaging import Packaging


def validate_apart(packaging: Packaging, group: Group, ctx: Context) -> None:
    """Refuse a release whose package has a file that another one has, too.

    Raises:
        ConfigError: There is such a file.
    """
    own = _list_host_paths(packaging.release, ctx, packaging.place)
    for member in group.members:
        if member.package == group.own.package:
            continue
        others = _list_host_paths(member.release, ctx, Place(member.package))
        for path in [path for path in own if path in others]:
            raise ConfigError(
                f"deb: the packages {packaging.place.package} and {member.package} both want /{path}",
                got=f"{own[path]} is the same for all releases",
                hint="leave it out, so that each release has its own; what differs between them stands in the "
                "environment files of the hosts",
            )


def _list_host_paths(release: Release, ctx: Context, place: Place) -> dict[str, str]:
    """Return the files and folders of a release on a host, and which option decides of each."""
    service = build_package_service(release, ctx, place)
    units = {file.path: 'config("service", name=...)' for file in list_unit_files(service, ctx.templates, place)}
    return {
        **units,
        service.environment_file.lstrip("/"): 'config("service", environment_file=...)',
        service.state.lstrip("/"): 'config("service", state=...)',
        service.runtime.lstrip("/"): 'config("service", runtime=...)',
    }
