"""From a release to its package: everything that a package says and carries, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dray.assemble.facts import facts_of
from dray.errors import ConfigError
from dray.package.deb.changelog import changes_of_tags, format_changelog, parse_changelog
from dray.package.deb.dependencies import list_relations
from dray.package.deb.description import Description, describe_package
from dray.package.deb.distribution import choose_distributions
from dray.package.deb.files import list_documents, list_host_files, list_release_files
from dray.package.deb.lintian import format_overrides
from dray.package.deb.package import DebPackage
from dray.package.deb.place import Place
from dray.package.deb.scripts import build_script_values, render_scripts
from dray.package.deb.service_files import build_package_service
from dray.project.git import read_author, read_tags

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from dray.core.contents import Entry
    from dray.core.context import Context
    from dray.core.release import Release
    from dray.package.deb.changelog import Change
    from dray.package.deb.options import DebOptions
    from dray.service.model import Service

_CHANGELOGS = ("CHANGELOG.md", "CHANGES.md")


@dataclass(frozen=True, slots=True)
class Packaging:
    """What all packages of a release have in common.

    Args:
        release: The release.
        tree: Where it stands.
        described: What the package says of itself.
        place: Where its files go.
        service: How it runs.
        distributions: Where it is to be installed.
        machine: The distribution that this machine runs; None for another one.
        time: The time of all files, in seconds since 1970.
    """

    release: Release
    tree: Path
    described: Description
    place: Place
    service: Service
    distributions: tuple[str, ...]
    machine: str | None
    time: int


def prepare_packaging(
    release: Release, ctx: Context, options: DebOptions, *, machine: str | None, time: int
) -> Packaging:
    """Return what the packages of a release are made with.

    Raises:
        ConfigError: The release is not assembled, or a value breaks Debian's policy.
    """
    if release.tree is None:
        raise ConfigError("deb packs an assembled release", hint="put assemble() before deb()")
    project, _ = facts_of(release)
    described = describe_package(release, project, options, author=read_author(ctx.shell, project.root))
    place = Place(described.name)
    service = build_package_service(release, ctx, place)
    distributions = choose_distributions(options.distributions, machine)
    return Packaging(release, release.tree, described, place, service, distributions, machine, time)


def build_package(packaging: Packaging, ctx: Context, options: DebOptions) -> DebPackage:
    """Return the package of a release with its own runtime."""
    release, described, place = packaging.release, packaging.described, packaging.place
    own = list_release_files(release, packaging.tree, place)
    relations = list_relations(
        own,
        (*_runtime(release), *options.depends),
        packaging.distributions,
        root=place.root,
        machine=packaging.machine,
    )
    values = build_script_values(release, options, packaging.service, place, version=described.version)
    around, conffiles = list_around(packaging, ctx, options, values)
    return DebPackage(
        fields=_list_fields(packaging, relations.architecture, relations.depends, options.recommends),
        contents=(*own, *around, format_overrides(described.name)),
        scripts=render_scripts(ctx.templates, values),
        conffiles=conffiles,
    )


def _runtime(release: Release) -> tuple[str, ...]:
    """Return the package with Erlang, where the release does not bring it."""
    if release.erts is None or release.erts.included or release.project is None:
        return ()
    return (f"erlang-base (>= 1:{release.project.toolchain.otp_release})",)


def list_around(
    packaging: Packaging, ctx: Context, options: DebOptions, values: Mapping[str, Any]
) -> tuple[list[Entry], tuple[str, ...]]:
    """Return the files around a release, and which of them the administrator may change."""
    release, described = packaging.release, packaging.described
    project, _ = facts_of(release)
    hot = options.upgrade in {"hot-or-restart", "hot-only"}
    host, conffiles = list_host_files(ctx.templates, values, packaging.service, packaging.place, hot=hot)
    changelog = format_changelog(
        read_changes(ctx, project.root),
        package=described.name,
        version=described.version,
        current=release.version,
        maintainer=described.maintainer,
        time=packaging.time,
    )
    documents = list_documents(
        release, project, ctx.templates, values, described=described, changelog=changelog, time_of=packaging.time
    )
    return [*host, *documents], conffiles


def read_changes(ctx: Context, root: Path) -> tuple[Change, ...]:
    """Return what is known of the project's versions: by its changelog, or by its git tags."""
    for name in _CHANGELOGS:
        if (root / name).is_file():
            return parse_changelog((root / name).read_text(encoding="utf-8", errors="replace"))
    return changes_of_tags(read_tags(ctx.shell, root))


def _list_fields(
    packaging: Packaging, architecture: str, depends: Iterable[str], recommends: Iterable[str]
) -> tuple[tuple[str, str], ...]:
    """Return the control fields; those that begin with Dray tell tools what the package is made of."""
    release, described = packaging.release, packaging.described
    commit = release.project.commit if release.project else None
    own = {member.name for member in release.project.members} if release.project else set()
    applications = ", ".join(f"{app.name} ({app.version})" for app in release.applications if app.name in own)
    upgrades = ", ".join(f"{upgrade.base} ({upgrade.verdict})" for upgrade in release.upgrades)
    fields = (
        ("Package", described.name),
        ("Version", described.version),
        ("Architecture", architecture),
        ("Maintainer", described.maintainer),
        ("Depends", ", ".join(depends)),
        ("Recommends", ", ".join(recommends)),
        ("Section", described.section),
        ("Priority", "optional"),
        ("Homepage", described.homepage),
        ("Dray-Release", f"{release.name} {release.version}"),
        ("Dray-Environment", release.env),
        ("Dray-Commit", commit.sha if commit and not commit.dirty else ""),
        ("Dray-Applications", applications),
        ("Dray-Upgrade-From", upgrades),
        ("Description", described.field),
    )
    return tuple((name, value) for name, value in fields if value)
