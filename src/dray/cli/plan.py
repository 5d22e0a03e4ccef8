"""``dray plan``: what a pipeline would do, every option with its value and the place where it was written."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dray.cli.completion import complete_pipelines
from dray.cli.session import Session, open_session
from dray.cli.table import format_table
from dray.core.option import show_value
from dray.core.pipeline import Parallel, Pipeline
from dray.core.step_options import Overrides, parse_overrides, resolve_step
from dray.errors import Location

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dray.core.option import Setting
    from dray.core.step import Step
    from dray.core.step_options import ResolvedStep


@click.command("plan")
@click.argument("name", default="build", shell_complete=complete_pipelines)
@click.option("--env", metavar="ENV", help="Environment to plan for; by default MIX_ENV, else prod.")
@click.option("--set", "settings", multiple=True, metavar="STEP.KEY=VALUE", help="Set an option of a step.")
@click.option("--all", "show_all", is_flag=True, help="Show options that are at their defaults, too.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def plan_command(name: str, env: str | None, settings: tuple[str, ...], *, show_all: bool, as_json: bool) -> None:
    """Show what the pipeline NAME would do (by default: build).

    Nothing runs. Each option is shown with its value and the file and line that it came from.
    """
    with open_session(env=env, quiet=True) as session:
        pipeline = session.pipeline(name)
        overrides = parse_overrides(settings, (step.name for step in pipeline.steps()))
        print_plan(session, name, overrides, as_json=as_json, show_all=show_all)


def print_plan(
    session: Session, name: str, overrides: Overrides, *, as_json: bool = False, show_all: bool = False
) -> None:
    """Print the plan of a pipeline.

    Raises:
        ConfigError: An option is unknown, of the wrong type, or missing.
    """
    pipeline = session.pipeline(name)
    rows = list(_walk(pipeline, session, overrides, depth=0))
    if as_json:
        click.echo(
            json.dumps({"pipeline": name, "env": session.ctx.env, "steps": [_as_json(r) for r in rows]}, indent=2)
        )
        return
    click.echo(f"{name}, for {session.ctx.env}:")
    lines: list[list[str]] = []
    for depth, step, options in rows:
        label = "  " * depth + (step.name if step else "parallel")
        shown = [option for option in options if show_all or option.origin != "default"]
        if not shown:
            lines.append([label])
        for option in shown:
            lines.append([label, f"{option.name} = {option.value}", format_origin(option.origin)])
            label = ""
    click.echo("\n".join(format_table(lines, indent="  ")))


@dataclass(frozen=True, slots=True)
class _Shown:
    """An option as it is shown: no secret in it.

    Args:
        name: The option.
        value: Its value as text.
        origin: Where it came from.
    """

    name: str
    value: str
    origin: Location | str


_Row = tuple[int, "Step | None", list[_Shown]]


def _walk(pipeline: Pipeline, session: Session, overrides: Overrides, *, depth: int) -> Iterator[_Row]:
    for stage in pipeline.stages:
        if isinstance(stage, Parallel):
            yield depth, None, []
            for branch in stage.branches:
                yield from _walk(branch, session, overrides, depth=depth + 1)
            continue
        resolved = resolve_step(stage, session.ctx.settings, overrides)
        section = _read_section(resolved, session) if stage.name == "release" else {}
        options = [
            (option, section.get(option.name, setting) if setting.origin == "default" else setting)
            for option, setting in resolved.settings
        ]
        yield (
            depth,
            stage,
            [_Shown(option.name, show_value(setting.value, option), setting.origin) for option, setting in options],
        )


def _read_section(resolved: ResolvedStep, session: Session) -> dict[str, Setting]:
    """Return what ``config("NAME", ...)`` says of the release, as far as NAME is written down."""
    name = next((setting.value for option, setting in resolved.settings if option.name == "name"), None)
    return session.ctx.settings.section(name) if isinstance(name, str) else {}


def _as_json(row: _Row) -> dict[str, Any]:
    depth, step, options = row
    return {
        "step": step.name if step else "parallel",
        "depth": depth,
        "location": str(step.location) if step else None,
        "options": {
            option.name: {"value": option.value, "origin": format_origin(option.origin)} for option in options
        },
    }


def format_origin(origin: Location | str) -> str:
    """Return where a value came from, files relative to the current folder."""
    if isinstance(origin, str):
        return origin
    path = Path(origin.file)
    shown = os.path.relpath(path) if path.is_absolute() and path.is_relative_to(Path.cwd()) else origin.file
    return str(Location(shown, origin.line))
