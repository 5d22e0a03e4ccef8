"""Which release is built, and how: the choice that ``mix release`` makes, and dray's own configuration on top."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dray.core.application import USER_MODES
from dray.core.project import ReleaseDefinition
from dray.errors import ProjectError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dray.core.project import Commit, Project

_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+~_-]*\Z")
_PLACEHOLDER = re.compile(r"\{(\w*)\}")

_DEFAULT_APPLICATIONS = ("kernel", "stdlib", "elixir", "sasl")

_UMBRELLA_RULE = "an umbrella says in mix.exs, or in rel/config.py, which of its applications make a release"


def choose_definition(project: Project, name: str | None, *, configured: bool = False) -> ReleaseDefinition:
    """Return the release to build, as ``mix release [NAME]`` chooses it.

    Args:
        project: The facts.
        name: The release that was asked for; None for the project's default.
        configured: Whether dray's configuration describes a release of this name, which need not stand in
            ``mix.exs`` then.

    Raises:
        ProjectError: There is no such release, there are several and none is named, or the project is an umbrella
            that describes none.
    """
    names = tuple(definition.name for definition in project.releases)
    if name is None:
        name = _default_name(project, names)
    if not _NAME.match(name):
        raise ProjectError(
            "a release's name is a lowercase ASCII letter, followed by lowercase ASCII letters, numbers and "
            "underscores",
            got=name,
        )
    for definition in project.releases:
        if definition.name == name:
            if definition.error is not None:
                raise definition.error
            return definition
    if names and not configured:
        raise ProjectError(f"there is no release {name}; mix.exs has: {', '.join(names)}", got=name, choices=names)
    if not configured and not project.umbrella and name != project.name:
        raise ProjectError(
            f"there is no release {name}; the project describes none, and its own is {project.name}",
            got=name,
            choices=(project.name,),
            hint=f'config("{name}", ...) in rel/config.py describes another one',
        )
    return ReleaseDefinition(name)


def _default_name(project: Project, names: tuple[str, ...]) -> str:
    if len(names) == 1:
        return names[0]
    if project.default_release is not None:
        return project.default_release
    if names:
        raise ProjectError(
            f"the project has several releases: {', '.join(names)}",
            hint=f"name one: dray build {names[0]}, or set default_release: in mix.exs",
        )
    if project.umbrella:
        raise ProjectError(_UMBRELLA_RULE, hint=_umbrella_example(project))
    return project.name


def override_definition(
    definition: ReleaseDefinition, values: Mapping[str, object], applications: Mapping[str, str] | None
) -> ReleaseDefinition:
    """Return the definition with what dray's configuration says instead.

    Args:
        definition: What ``mix.exs`` says.
        values: Fields of the definition.
        applications: Application and mode; None to leave them.
    """
    given: dict[str, Any] = dict(values)
    if applications is not None:
        given["applications"] = tuple(applications.items())
    return replace(definition, **given)


def requested_applications(project: Project, definition: ReleaseDefinition) -> tuple[tuple[str, str], ...]:
    """Return the applications that the release asks for, with their modes, in order.

    Those that every release has come first, the project's own application last, as under ``mix release``.

    Raises:
        ProjectError: The project is an umbrella and no application is given, or a mode is unknown.
    """
    given = dict(definition.applications)
    if project.umbrella and not given:
        raise ProjectError(_UMBRELLA_RULE, hint=_umbrella_example(project))
    for name, mode in given.items():
        if mode not in USER_MODES:
            raise ProjectError(f"the mode of {name} is one of {', '.join(USER_MODES)}", got=mode, choices=USER_MODES)
    defaults = [name for name in _DEFAULT_APPLICATIONS if name != "elixir" or project.toolchain.elixir_version]
    requested = [(name, "permanent") for name in defaults if name not in given]
    requested += given.items()
    if not project.umbrella and project.name not in given:
        requested.append((project.name, "permanent"))
    return tuple(requested)


def resolve_version(pattern: str | None, project: Project, definition: ReleaseDefinition) -> str:
    """Return the release's version.

    Args:
        pattern: What dray's configuration says, with ``{mix}``, ``{git}`` and ``{env}`` to be filled in; None for
            the version of ``mix.exs``.
        project: The facts.
        definition: The release as ``mix.exs`` describes it.

    Raises:
        ProjectError: There is no version, or it cannot be a folder's name.
    """
    mix_version = definition.version or project.version
    version = mix_version if pattern is None else fill_version(pattern, mix_version, project.commit, project.env)
    if not version:
        raise ProjectError("the release has no version", hint="set version: in mix.exs, or in its entry of releases:")
    if not _VERSION.match(version):
        raise ProjectError(
            "a version names a folder: it begins with a letter or digit, followed by these and . + - _ ~", got=version
        )
    return version


def fill_version(pattern: str, mix_version: str | None, commit: Commit | None, env: str) -> str:
    """Return a version pattern with its placeholders filled in; a None leaves ``{mix}`` as it is.

    Raises:
        ProjectError: A placeholder is unknown, or nothing is known that it stands for.
    """
    values = {"mix": mix_version or "{mix}", "git": commit.short if commit else None, "env": env}

    def fill(match: re.Match[str]) -> str:
        name = match[1]
        if name not in values:
            raise ProjectError(
                f"a version knows the placeholders {', '.join(f'{{{key}}}' for key in values)}",
                got=f"{{{name}}}",
                choices=tuple(f"{{{key}}}" for key in values),
            )
        value = values[name]
        if value is None:
            raise ProjectError(
                f"the version {pattern!r} needs a commit, and the project is not kept in git",
                hint="git init && git add -A && git commit, or another version",
            )
        return value

    return _PLACEHOLDER.sub(fill, pattern)


def _umbrella_example(project: Project) -> str:
    children = "\n".join(f"      {member.name}: :permanent," for member in project.members).rstrip(",")
    return (
        "for example, in mix.exs:\n\n"
        f"  releases: [\n    {project.name}: [applications: [\n{children}\n    ]]\n  ]\n\n"
        "or let dray write it down: dray init"
    )
