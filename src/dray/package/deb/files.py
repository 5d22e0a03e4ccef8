"""The files of a package: the release below ``/usr/lib``, and what makes it at home on a host."""

from __future__ import annotations

import gzip
import re
import time
from typing import TYPE_CHECKING, Any

from dray.assemble.content import read_source
from dray.assemble.launcher import HELP, INTERNAL, Command, read_command
from dray.core.application import AppOrigin
from dray.core.contents import File, Symlink, normalise_mode
from dray.core.hook import PACKAGE_POINTS
from dray.package.deb.copyright import LicensedPart, format_copyright
from dray.package.deb.service_files import list_unit_files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dray.core.contents import Entry
    from dray.core.context import Templates
    from dray.core.project import Project
    from dray.core.release import Release
    from dray.package.deb.description import Description
    from dray.package.deb.place import Place
    from dray.service.model import Service

_NAMING = ("releases/RELEASES", "releases/start_erl.data")
"""What names the version to start: written once on a host, when the first version is installed."""
_LEFT_OUT = re.compile(r"share/service/|lib/[^/]+/(?:src|include)/")


def list_release_files(release: Release, tree: Path, place: Place) -> list[Entry]:
    """Return the release's own entries, read from its tree.

    Left out is what only developers need, the files of init systems, and hooks that the maintainer scripts carry.
    """
    hooks = tuple(f"{release.version_path}/hooks/{point}/" for point in PACKAGE_POINTS)
    found: list[Entry] = []
    for entry in release.contents:
        if entry.path.startswith(hooks) or is_left_out(entry.path):
            continue
        inner = f".first/{entry.path.rpartition('/')[2]}" if entry.path in _NAMING else entry.path
        match entry:
            case File():
                found.append(File(f"{place.root}/{inner}", tree / entry.path, normalise_mode(entry.mode)))
            case Symlink():
                found.append(Symlink(f"{place.root}/{inner}", entry.target))
            case _:
                continue
    return found


def is_left_out(path: str) -> bool:
    """Tell whether a file stays out of the package, since only developers, or other init systems, need it."""
    return _LEFT_OUT.match(path) is not None


def list_host_files(
    templates: Templates, values: Mapping[str, Any], service: Service, place: Place, *, hot: bool
) -> tuple[list[File], tuple[str, ...]]:
    """Return the files around the release, and which of them the administrator may change.

    Args:
        templates: Renders them.
        values: What they are rendered with.
        service: The service.
        place: Where they go.
        hot: Whether the system takes new versions without a restart.
    """

    def render(name: str) -> bytes:
        return templates.render(f"deb/{name}", **values).encode()

    files = [
        File(place.command, render("command"), 0o755),
        File(f"usr/lib/sysusers.d/{place.package}.conf", render("sysusers.conf")),
        *list_unit_files(service, templates, place),
    ]
    settings = [File(service.environment_file.lstrip("/"), render("environment"), 0o640)]
    if hot:
        settings.append(File(f"etc/needrestart/conf.d/{place.package}.conf", render("needrestart.conf")))
    conffiles = tuple(file.path for file in settings if file.path.startswith("etc/"))
    return [*files, *settings], conffiles


def list_documents(
    release: Release,
    project: Project,
    templates: Templates,
    values: Mapping[str, Any],
    *,
    described: Description,
    changelog: str,
    time_of: int,
) -> list[File]:
    """Return copyright, changelog and the manual page."""
    package = described.name
    folder = f"usr/share/doc/{package}"
    manual = templates.render(
        "deb/manual",
        **{**values, "description": _escape(described.synopsis)},
        date=time.strftime("%Y-%m-%d", time.gmtime(time_of)),
        commands=[Command(_escape(item.usage), _escape(item.summary)) for item in list_commands(release)],
    )
    licences = format_copyright(
        list_licences(release, project, described, year=time.gmtime(time_of).tm_year),
        name=release.name,
        source=described.homepage,
    )
    return [
        File(f"{folder}/copyright", licences.encode()),
        File(f"{folder}/changelog.Debian.gz", gzip.compress(changelog.encode(), 9, mtime=0)),
        File(f"usr/share/man/man8/{package}.8.gz", gzip.compress(manual.encode(), 9, mtime=0)),
    ]


def list_commands(release: Release) -> list[Command]:
    """Return the commands of the launcher that people type, by name."""
    folder = f"{release.version_path}/commands/"
    found = []
    for entry in release.contents:
        if isinstance(entry, File) and entry.path.startswith(folder):
            name = entry.path.removeprefix(folder).removesuffix(".sh")
            if name not in {*INTERNAL, "help"}:
                found.append(read_command(read_source(entry.source).decode()))
    return [*found, HELP]


def list_licences(release: Release, project: Project, described: Description, *, year: int) -> list[LicensedPart]:
    """Return what is known of the rights in each part of a release."""
    root = f"usr/lib/{described.name}"
    parts = [LicensedPart(("*",), f"{year} {described.maintainer}", described.licence)]
    known = {dependency.name: dependency.licenses for dependency in project.dependencies}
    otp = [f"{root}/erts-*"] if release.erts and release.erts.included else []
    for application in release.applications:
        files = f"{root}/{application.directory}/*"
        match application.origin:
            case AppOrigin.OTP:
                otp.append(files)
            case AppOrigin.ELIXIR:
                parts.append(LicensedPart((files,), f"{year} The Elixir Team and Plataformatec", "Apache-2.0"))
            case AppOrigin.DEPENDENCY:
                licence = " and ".join(known.get(application.name, ())) or "unknown"
                parts.append(LicensedPart((files,), f"{year} The authors of {application.name}", licence))
            case AppOrigin.PROJECT:
                pass
    if otp:
        parts.append(LicensedPart(tuple(otp), f"{year} Ericsson AB and contributors", "Apache-2.0"))
    return parts


def _escape(text: str) -> str:
    """Return text for a manual page."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped
