"""From a release to its packages: everything that a package says and carries, as a value."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dray.assemble.facts import facts_of
from dray.core.contents import Symlink
from dray.package.deb.apart import validate_apart
from dray.package.deb.changelog import format_changelog
from dray.package.deb.dependencies import SCRIPTS, list_relations
from dray.package.deb.files import list_documents, list_host_files, list_release_files
from dray.package.deb.lintian import DESCRIBED, LINKS, PUBLISHED, RELEASE, RUNTIME, format_overrides
from dray.package.deb.metapackage import build_metapackage
from dray.package.deb.package import DebPackage
from dray.package.deb.packaging import prepare_packaging, read_changes, without_shared
from dray.package.deb.runtime import build_runtime
from dray.package.deb.scripts import build_script_values, render_scripts
from dray.package.deb.shared import link_shared

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dray.core.contents import Entry
    from dray.core.context import Context
    from dray.core.release import Release
    from dray.package.deb.group import Group
    from dray.package.deb.options import DebOptions
    from dray.package.deb.packaging import Packaging


def build_packages(
    release: Release, ctx: Context, options: DebOptions, *, group: Group | None, machine: str | None, time: int
) -> tuple[DebPackage, ...]:
    """Return the packages of a release: with ``split`` those that the project's releases share as well.

    Args:
        release: Assembled.
        ctx: The outside world.
        options: What the user says.
        group: The releases that are packaged together, with ``split``; None for one that stands alone.
        machine: The distribution that this machine runs; None for another one.
        time: The time of all files, in seconds since 1970.

    Raises:
        ConfigError: The release is not assembled, or a value breaks a rule.
        ProjectError: A file cannot be read, or machine code cannot be loaded on one of the distributions.
    """
    if group is None:
        packaging = prepare_packaging(release, ctx, options, machine=machine, time=time)
        return (build_package(packaging, ctx, options),)
    options = replace(options, name=group.own.package, project=group.package)
    packaging = prepare_packaging(release, ctx, options, machine=machine, time=time)
    if group.has_several:
        packaging = replace(packaging, source=group.package)
        validate_apart(packaging, group, ctx)
    runtime = build_runtime(packaging, group, ctx.templates, options)
    packages = (runtime, build_package(packaging, ctx, options, runtime=runtime))
    return (*packages, build_metapackage(packaging, group, ctx)) if group.has_several else packages


def build_package(
    packaging: Packaging, ctx: Context, options: DebOptions, *, runtime: DebPackage | None = None
) -> DebPackage:
    """Return the package of a release.

    Args:
        packaging: What all packages of the release have in common.
        ctx: The outside world.
        options: What the user says.
        runtime: The package that has its runtime; None where it brings its own.
    """
    release, described, place = packaging.release, packaging.described, packaging.place
    own = list_release_files(release, packaging.tree, place)
    if runtime is not None:
        own = link_shared(own, release, place, runtime.field("Package"))
    needed = [runtime.field("Package")] if runtime is not None else _list_erlang(release)
    relations = list_relations(
        own,
        (*SCRIPTS, *needed, *options.depends),
        packaging.distributions,
        root=place.root,
        machine=packaging.machine,
    )
    architecture = runtime.field("Architecture") if runtime is not None else relations.architecture
    links = tuple(entry for entry in own if isinstance(entry, Symlink))
    values = build_script_values(release, options, packaging.service, place, version=described.version, links=links)
    around, conffiles = list_around(packaging, ctx, options, values)
    parts = LINKS if runtime is not None else RUNTIME
    return DebPackage(
        fields=_list_fields(
            packaging,
            architecture,
            relations.depends,
            options.recommends,
            runtime=runtime.field("Package") if runtime is not None else "",
        ),
        contents=(*own, *around, format_overrides(described.name, PUBLISHED, DESCRIBED, RELEASE, parts)),
        scripts=render_scripts(ctx.templates, values),
        conffiles=conffiles,
    )


def _list_erlang(release: Release) -> list[str]:
    """Return the package with Erlang, where the release does not bring it."""
    if release.erts is None or release.erts.included or release.project is None:
        return []
    return [f"erlang-base (>= 1:{release.project.toolchain.otp_release})"]


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
        without_shared(release) if options.split else release,
        project,
        ctx.templates,
        values,
        described=described,
        changelog=changelog,
        time_of=packaging.time,
    )
    return [*host, *documents], conffiles


def _list_fields(
    packaging: Packaging,
    architecture: str,
    depends: Iterable[str],
    recommends: Iterable[str],
    *,
    runtime: str,
) -> tuple[tuple[str, str], ...]:
    """Return the control fields; those that begin with Dray tell tools what the package is made of."""
    release, described = packaging.release, packaging.described
    commit = release.project.commit if release.project else None
    own = {member.name for member in release.project.members} if release.project else set()
    applications = ", ".join(f"{app.name} ({app.version})" for app in release.applications if app.name in own)
    upgrades = ", ".join(f"{upgrade.base} ({upgrade.verdict})" for upgrade in release.upgrades)
    fields = (
        ("Package", described.name),
        ("Source", packaging.source),
        ("Version", described.version),
        ("Architecture", architecture),
        ("Maintainer", described.maintainer),
        ("Depends", ", ".join(depends)),
        ("Recommends", ", ".join(recommends)),
        ("Section", described.section),
        ("Priority", "optional"),
        ("Homepage", described.homepage),
        ("Dray-Release", f"{release.name} {release.version}"),
        ("Dray-Runtime", runtime),
        ("Dray-Environment", release.env),
        ("Dray-Commit", commit.sha if commit and not commit.dirty else ""),
        ("Dray-Applications", applications),
        ("Dray-Upgrade-From", upgrades),
        ("Description", described.field),
    )
    return tuple((name, value) for name, value in fields if value)
