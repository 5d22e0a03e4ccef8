"""From the name of a release to its description: facts, definition, version, runtime and applications."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dray.assemble.definition import (
    choose_definition,
    fill_version,
    override_definition,
    requested_applications,
    resolve_version,
)
from dray.core.project import StripOptions
from dray.core.release import Release
from dray.errors import ConfigError
from dray.project.git import read_commit
from dray.project.read import read_project
from dray.project.request import FactsRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dray.core.context import Context
    from dray.core.project import Project, ReleaseDefinition

_STRIP_KEYS = ("keep", "compress")

Given = dict[str, Any]
"""The options of a release that dray's configuration gives, without those that it leaves to ``mix.exs``."""


def describe_release(
    ctx: Context, name: str | None, given_for: Callable[[str], Given], *, meanwhile: Callable[[], None]
) -> Release:
    """Return a release with everything that is known before its files are.

    Args:
        ctx: The outside world.
        name: The release that was asked for; None for the project's default.
        given_for: Returns the options that are given for a release of some name.
        meanwhile: Called while the project compiles.

    Raises:
        ProjectError: The project does not describe such a release, or it cannot be built.
        ToolError: The project does not compile.
    """
    given = given_for(name) if name else {}
    request = _make_request(ctx, name, given)
    project = read_project(ctx, request, meanwhile=meanwhile)
    chosen = choose_definition(project, name, configured=bool(given))
    if name is None:
        given = given_for(chosen.name)
        full_request = _make_request(ctx, None, given)
        if project.rendered and full_request != request:
            # Templates of the project's show what dray's configuration says of the release that Mix chose.
            project = read_project(ctx, full_request, meanwhile=meanwhile)
    described = describe_chosen(project, chosen, given)
    _warn_of_differences(ctx, described.definition or chosen)
    return described


def describe_chosen(project: Project, chosen: ReleaseDefinition, given: Given) -> Release:
    """Return a release of a project whose facts are known.

    Args:
        project: The facts.
        chosen: The release as the project describes it.
        given: What dray's configuration says of it.

    Raises:
        ProjectError: The release cannot be built as it is described.
    """
    # Loaded while the project compiles, or at the latest now.
    from dray.assemble.erts import find_erts  # noqa: PLC0415
    from dray.assemble.mix_steps import validate_steps  # noqa: PLC0415
    from dray.assemble.resolve import resolve_applications  # noqa: PLC0415

    definition = override_definition(chosen, _fields(given), given.get("applications"))
    erts = find_erts(project, definition)
    applications = resolve_applications(
        project,
        erts,
        requested_applications(project, definition),
        unchecked=definition.skip_mode_validation_for,
    )
    validate_steps(definition)
    return Release(
        name=definition.name,
        version=resolve_version(given.get("version"), project, chosen),
        env=project.env,
        project=project,
        definition=definition,
        erts=erts,
        applications=applications,
    )


def _make_request(ctx: Context, name: str | None, given: Given) -> FactsRequest:
    version = given.get("version")
    if version is not None:
        commit = read_commit(ctx.shell, ctx.root) if "{git}" in version else None
        version = fill_version(version, None, commit, ctx.env)
    applications = given.get("applications")
    return FactsRequest(name, version, None if applications is None else tuple(applications.items()))


def _fields(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as the fields of a definition."""
    fields = {key: value for key, value in given.items() if key not in {"version", "applications"}}
    if isinstance(fields.get("include_erts"), str):
        fields["include_erts"] = Path(fields["include_erts"])
    if "strip_beams" in fields:
        fields["strip"] = _strip_options(fields.pop("strip_beams"))
    for key in ("overlays", "skip_mode_validation_for"):
        if key in fields:
            fields[key] = tuple(fields[key])
    return fields


def _strip_options(value: Any) -> StripOptions | None:
    if isinstance(value, bool):
        return StripOptions() if value else None
    unknown = sorted(value.keys() - set(_STRIP_KEYS))
    if unknown:
        raise ConfigError(f"strip_beams has {' and '.join(_STRIP_KEYS)}", got=unknown[0], choices=_STRIP_KEYS)
    return StripOptions(tuple(value.get("keep", ())), bool(value.get("compress", False)))


def _warn_of_differences(ctx: Context, definition: ReleaseDefinition) -> None:
    """Say what ``mix release`` would do that dray does not."""
    if definition.sets_cookie:
        ctx.console.warn(
            f"cookie: of the release {definition.name} is not shipped: cookies are secrets. Each host makes its own; "
            "those of a cluster share one through RELEASE_COOKIE or releases/COOKIE"
        )
    for text in definition.ignored:
        ctx.console.warn(text)
    if "unix" not in definition.include_executables_for:
        ctx.console.warn("include_executables_for: dray makes launchers for Unix, and only these")
