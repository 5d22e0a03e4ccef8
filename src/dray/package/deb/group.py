"""Which releases of a project are packaged together, and what the packages are called.

Each release has a build of its own, and each build makes the packages that all of them share. So every build has to
come to the same group, from what is known without the others' pipelines: ``mix.exs`` and ``config(...)``. Where the
pipeline says something else of its release, the builds would disagree, and that is an error.

    list_group(release, ctx, DebOptions(split=True, project="shop")).members
    # shop-web 1.2.0-1, shop-worker 1.2.0-1
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dray.assemble.applications import choose_stripping
from dray.assemble.definition import choose_definition
from dray.assemble.describe import describe_chosen
from dray.assemble.facts import facts_of
from dray.core.application import AppOrigin
from dray.core.option import Option, validate_value
from dray.core.upgrade import Input
from dray.errors import ConfigError
from dray.package.deb.identity import full_version, package_name, upstream_version, validate_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dray.beam.module import Stripping
    from dray.core.application import Application
    from dray.core.context import Context
    from dray.core.erts import Erts
    from dray.core.release import Release
    from dray.package.deb.options import DebOptions

SHARED = frozenset({AppOrigin.OTP, AppOrigin.ELIXIR})
"""Whose applications are part of a runtime."""
_DECIDING = (
    Option("version", str | None, None),
    Option("applications", dict[str, str] | None, None),
    Option("include_erts", bool | str | None, None),
    Option("strip_beams", bool | dict[str, Any] | None, None),
    Option("skip_mode_validation_for", list[str] | None, None),
)
"""The options of a release that decide what its package depends on."""


@dataclass(frozen=True, slots=True)
class Member:
    """A release of a group.

    Args:
        release: The release; of others than the one that is built it is known what they consist of, but no file.
        package: Its package.
        version: The version of that.
    """

    release: Release
    package: str
    version: str

    @property
    def shared(self) -> tuple[Application, ...]:
        """Its applications that are part of a runtime."""
        return tuple(app for app in self.release.applications if app.origin in SHARED)

    @property
    def runtime(self) -> tuple[Erts | None, Stripping | None]:
        """Which runtime it takes, and how the modules in there are stripped: those of whom it is equal share one."""
        project, definition = facts_of(self.release)
        return self.release.erts, choose_stripping(definition.strip, project.toolchain)


@dataclass(frozen=True, slots=True)
class Group:
    """The releases of a project that are packaged together.

    Args:
        package: The package that stands for all of them; the runtimes are called after it, too.
        own: The release that is built.
        members: All of them, by name.
    """

    package: str
    own: Member
    members: tuple[Member, ...]

    @property
    def has_several(self) -> bool:
        """Whether there is something to hold together."""
        return len(self.members) > 1

    @property
    def version(self) -> str:
        """The version of all of them."""
        return self.own.version

    def list_shared(self) -> tuple[Application, ...]:
        """Return the applications of the runtime that the release takes, by name: what those who share it need."""
        found = {
            app.directory: app
            for member in self.members
            if member.runtime == self.own.runtime
            for app in member.shared
        }
        return tuple(found[directory] for directory in sorted(found))

    def list_inputs(self) -> tuple[Input, ...]:
        """Return what of the runtime only other releases need: the build reads it, too."""
        known = {app.path for app in self.own.release.applications}
        return tuple(Input(app.path) for app in self.list_shared() if app.path not in known)


def list_group(release: Release, ctx: Context, options: DebOptions) -> Group:
    """Return the releases that are packaged together with one of them.

    Args:
        release: The one that is built.
        ctx: The outside world.
        options: What the user says of the package.

    Raises:
        ConfigError: The builds of the releases would not come to the same packages, or names clash.
        ProjectError: A release cannot be built as it is described.
    """
    project, _ = facts_of(release)
    if release.erts is None or not release.erts.included:
        raise ConfigError(
            "deb: split takes the runtime out of a release that brings it",
            got="include_erts=False",
            hint="leave out split=True, or include_erts=False",
        )
    names = _name_packages(release, ctx, options)
    package = validate_name(options.project or package_name(project.name))
    members = [
        _describe_member(release if len(names) == 1 else _describe(release, name, ctx), names[name], options)
        for name in sorted(names)
    ]
    own = next(member for member in members if member.release.name == release.name)
    group = Group(package, own, tuple(members))
    if group.has_several:
        _validate_alike(release, options, own)
        _validate_names(group)
        _validate_versions(group)
    return group


def _name_packages(release: Release, ctx: Context, options: DebOptions) -> Mapping[str, str]:
    """Return the releases and their packages."""
    given = options.split
    if isinstance(given, dict):
        if release.name not in given:
            raise ConfigError(
                f"deb: split names the releases that are packaged together: {', '.join(given)}",
                got=release.name,
                choices=tuple(given),
            )
        names = {name: validate_name(package) for name, package in given.items()}
    else:
        names = {name: validate_name(package_name(name)) for name in _list_releases(release, ctx)}
    if options.name is None:
        return names
    if len(names) > 1:
        raise ConfigError(
            "deb: name is of one package, and split makes one of each release",
            got=options.name,
            hint=f"split={{{', '.join(f'{name!r}: {package!r}' for name, package in names.items())}}} names them",
        )
    return {release.name: validate_name(options.name)}


def _list_releases(release: Release, ctx: Context) -> list[str]:
    """Return the releases of ``mix.exs``, and those that ``config(...)`` gives applications to."""
    project, _ = facts_of(release)
    described = [definition.name for definition in project.releases]
    configured = [name for name in ctx.settings.sections if "applications" in ctx.settings.section(name)]
    return list(dict.fromkeys((*described, *configured, release.name)))


def _describe(release: Release, name: str, ctx: Context) -> Release:
    """Return a release of the same project as every build sees it: without what its pipeline says."""
    project, _ = facts_of(release)
    section, given = ctx.settings.section(name), {}
    for option in _DECIDING:
        setting = section.get(option.name)
        if setting is not None:
            given[option.name] = validate_value(setting.value, option, owner=name, origin=setting.origin)
    return describe_chosen(project, choose_definition(project, name, configured=bool(section)), given)


def _describe_member(release: Release, package: str, options: DebOptions) -> Member:
    commit = release.project.commit if release.project else None
    upstream = options.version or upstream_version(release.version, commit)
    return Member(release, package, full_version(upstream, options.revision))


def _validate_alike(release: Release, options: DebOptions, own: Member) -> None:
    """Refuse a pipeline that says of its release what the builds of the others cannot know."""
    actual = _describe_member(release, own.package, options)
    for (key, mine), (_, others) in zip(_list_decided(actual), _list_decided(own), strict=True):
        if mine != others:
            raise ConfigError(
                f"deb: the packages of the other releases are made for another {key} of {release.name}: {others}",
                got=mine,
                hint=f'say it where all builds see it: config("{release.name}", {key}=...), or in mix.exs',
            )


def _list_decided(member: Member) -> tuple[tuple[str, str], ...]:
    """Return what a release's options have decided, as text."""
    _, definition = facts_of(member.release)
    return (
        ("version", member.version),
        ("applications", ", ".join(sorted(app.directory.removeprefix("lib/") for app in member.shared))),
        ("include_erts", str(member.release.erts.source) if member.release.erts else ""),
        ("strip_beams", str(definition.strip)),
    )


def _validate_names(group: Group) -> None:
    """Refuse two packages of one name."""
    owners: dict[str, str] = {}
    for member in group.members:
        other = owners.setdefault(member.package, member.release.name)
        if other != member.release.name:
            raise ConfigError(
                f"deb: the releases {other} and {member.release.name} both want the package {member.package}",
                hint='split={"RELEASE": "PACKAGE", ...} names the packages',
            )
    if group.package in owners:
        raise ConfigError(
            f"deb: {group.package} is the package of the release {owners[group.package]}, and cannot be the one that "
            "stands for the whole project, too",
            got=group.package,
            hint=f'another name for the whole: config("deb", project="{group.package}-all"), or for the release: '
            f'config("deb", split={{"{owners[group.package]}": "{group.package}-server", ...}})',
        )


def _validate_versions(group: Group) -> None:
    """Refuse releases of several versions, which nothing could hold together."""
    if len({member.version for member in group.members}) > 1:
        raise ConfigError(
            "deb: releases that are packaged together have one version",
            got=", ".join(f"{member.release.name} {member.version}" for member in group.members),
            hint="leave version: out of releases: in mix.exs, so that all have the project's; or set it for all "
            'packages: config("deb", version="1.2.0")',
        )
