"""What all packages that are made of a release have in common, as a value."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dray.assemble.facts import facts_of
from dray.errors import ConfigError
from dray.package.deb.changelog import changes_of_tags, parse_changelog
from dray.package.deb.description import describe_package
from dray.package.deb.distribution import choose_distributions
from dray.package.deb.group import SHARED
from dray.package.deb.place import Place
from dray.package.deb.service_files import build_package_service
from dray.project.git import read_author, read_tags

if TYPE_CHECKING:
    from pathlib import Path

    from dray.core.context import Context
    from dray.core.release import Release
    from dray.package.deb.changelog import Change
    from dray.package.deb.description import Description
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
        source: What the packages of several releases have as their source: apt lets a host take all of them or none
            where a version is rolled out step by step. Empty for a single release.
    """

    release: Release
    tree: Path
    described: Description
    place: Place
    service: Service
    distributions: tuple[str, ...]
    machine: str | None
    time: int
    source: str = ""


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
    described = describe_package(
        without_shared(release) if options.split else release,
        project,
        options,
        author=read_author(ctx.shell, project.root),
    )
    place = Place(described.name)
    service = build_package_service(release, ctx, place)
    distributions = choose_distributions(options.distributions, machine)
    return Packaging(release, release.tree, described, place, service, distributions, machine, time)


def without_shared(release: Release) -> Release:
    """Return a release as its own package has it, where ERTS and what comes with it are in another one."""
    applications = tuple(app for app in release.applications if app.origin not in SHARED)
    erts = replace(release.erts, included=False) if release.erts else None
    return replace(release, applications=applications, erts=erts)


def read_changes(ctx: Context, root: Path) -> tuple[Change, ...]:
    """Return what is known of the project's versions: by its changelog, or by its git tags."""
    for name in _CHANGELOGS:
        if (root / name).is_file():
            return parse_changelog((root / name).read_text(encoding="utf-8", errors="replace"))
    return changes_of_tags(read_tags(ctx.shell, root))
