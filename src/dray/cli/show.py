"""``dray show``: the configuration, the steps that are installed, the facts of the project."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dray.cli.plan import format_origin
from dray.cli.session import open_session
from dray.cli.table import format_table
from dray.config.reader import CONFIG_FILE
from dray.core.hook import HOOK_POINTS, HookPoint
from dray.core.option import MISSING, Option, describe, show_value
from dray.core.paths import display_path
from dray.plugins import find_step, list_steps
from dray.project.read import read_project
from dray.project.request import FactsRequest
from dray.project.work import lock_work
from dray.template.environment import PROJECT_TEMPLATES, TemplateFolder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dray.core.project import Project
    from dray.core.step import StepDefinition


_REPLACEABLE = ("bin/", "erts/", "notify/", "releases/", "service/")


@click.group("show")
def show_command() -> None:
    """Show the configuration, the steps, the templates, or the facts of the project."""


@show_command.command("config")
@click.option("--env", metavar="ENV", help="Environment; by default MIX_ENV, else prod.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def show_config(env: str | None, *, as_json: bool) -> None:
    """Show each value of rel/config.py with the file and line that it came from."""
    with open_session(env=env, quiet=True) as session:
        settings = session.ctx.settings
        definitions = {section: find_step(section) for section in settings.sections}
        values = [(path, _show_setting(path, item.value, definitions), item.origin) for path, item in settings.walk()]
        pipelines = session.configuration.pipelines
        if as_json:
            listed = {path: {"value": value, "origin": format_origin(origin)} for path, value, origin in values}
            steps = {name: [step.name for step in pipeline.steps()] for name, pipeline in pipelines.items()}
            click.echo(json.dumps({"env": session.ctx.env, "values": listed, "pipelines": steps}, indent=2))
            return
        click.echo(f"values, for {session.ctx.env}:")
        rows = [(path, value, format_origin(origin)) for path, value, origin in values]
        click.echo("\n".join(format_table(rows, indent="  ")) or "  none")
        click.echo("\npipelines:")
        rows = [
            (name, " | ".join(stage.name for stage in pipeline.stages), "") for name, pipeline in pipelines.items()
        ]
        click.echo("\n".join(format_table(rows, indent="  ")))


def _show_setting(path: str, value: Any, definitions: Mapping[str, StepDefinition[Any] | None]) -> str:
    """Return a value as text, unless it is a secret."""
    section, _, name = path.rpartition(".")
    definition = definitions.get(section)
    options = definition.options if definition else ()
    return next((show_value(value, option) for option in options if option.name == name), repr(value))


@show_command.command("steps")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def show_steps(*, as_json: bool) -> None:
    """Show the steps that are installed, with their options."""
    steps = list_steps()
    if as_json:
        listed = [
            {
                "name": item.name,
                "package": item.package,
                "summary": item.definition.summary,
                "options": {option.name: _describe_option(option) for option in item.definition.options},
            }
            for item in steps
        ]
        click.echo(json.dumps(listed, indent=2))
        return
    for item in steps:
        origin = "" if item.package == "dray" else f" (from {item.package})"
        click.echo(f"{item.name}{origin}: {item.definition.summary}")
        rows = [(option.name, _describe_option(option)) for option in item.definition.options]
        for line in format_table(rows, indent="    "):
            click.echo(line)


@show_command.command("templates")
def show_templates() -> None:
    """Show the templates of releases, services and messages, their blocks, the hook points, and their origins."""
    root = Path.cwd()
    templates = _open_templates(root)
    rows = [
        (
            name,
            " ".join(templates.list_blocks(name)),
            templates.describe_origin(name) or display_path(templates.find(name), root),
        )
        for name in templates.list_names()
        if name.startswith(_REPLACEABLE)
    ]
    click.echo("\n".join(format_table([("template", "blocks", "from"), *rows])))
    click.echo("\nhook points:")
    click.echo("\n".join(format_table([(f"  {point}", HOOK_POINTS[point]) for point in HookPoint])))
    click.echo(
        f"\nTo change a template, put one of the same name into {PROJECT_TEMPLATES}; to change some blocks of it,"
    )
    click.echo('begin it with {% extends "built-in/NAME" %}.')


def _open_templates(root: Path) -> TemplateFolder:
    if not (root / CONFIG_FILE).is_file():
        return TemplateFolder(root / PROJECT_TEMPLATES)
    with open_session(quiet=True) as session:
        return session.open_templates(session.steps)


def _describe_option(option: Option) -> str:
    kind = describe(option.annotation)
    if option.variadic:
        return f"{kind}, any number of them"
    if option.default is MISSING:
        return f"{kind}, needed"
    return kind if option.default is None else f"{kind}; by default {option.default!r}"


@show_command.command("facts")
@click.option("--env", metavar="ENV", help="Environment; by default MIX_ENV, else prod.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def show_facts(env: str | None, *, as_json: bool) -> None:
    """Show what dray knows of the project; compiles it where anything has changed."""
    with open_session(env=env, quiet=as_json) as session, lock_work(session.ctx.work, session.ctx.console):
        project = read_project(session.ctx, FactsRequest())
    if as_json:
        click.echo(json.dumps(facts_as_json(project), indent=2))
    else:
        click.echo("\n".join(format_facts(project)))


def facts_as_json(project: Project) -> dict[str, Any]:
    """Return the facts for programs; what is in the BEAM's own formats is left out."""

    def convert(value: Any) -> Any:
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
            return {name: convert(item) for name, item in fields if not isinstance(item, bytes)}
        if isinstance(value, tuple | list):
            return [convert(item) for item in value]
        return str(value) if isinstance(value, Path) else value

    facts: dict[str, Any] = convert(project)
    facts["rendered"] = [name for name, _ in project.rendered]
    return facts


def format_facts(project: Project) -> list[str]:
    """Return the facts as lines for people."""
    tools = project.toolchain
    commit = (
        f"{project.commit.sha[:12]}{', changed since' if project.commit.dirty else ''}" if project.commit else "none"
    )
    head = [
        ("project", f"{project.name} {project.version or ''}".strip()),
        ("kind", f"{project.kind}{', umbrella' if project.umbrella else ''}"),
        ("description", project.description or "none"),
        ("licences", ", ".join(project.licenses) or "none"),
        ("maintainers", ", ".join(project.maintainers) or "none"),
        ("links", ", ".join(f"{title}: {address}" for title, address in project.links) or "none"),
        ("environment", project.env),
        ("commit", commit),
        ("Elixir", tools.elixir_version or "none"),
        ("OTP", f"{tools.otp_release}, ERTS {tools.erts_version}, in {tools.otp_root}"),
    ]
    lines = format_table(head)
    lines += ["", "applications:"]
    lines += format_table([(item.name, item.version, str(item.path)) for item in project.members], indent="  ")
    lines += ["", "dependencies:"]
    lines += format_table(
        [
            (
                item.name,
                item.version or "?",
                item.source,
                ", ".join(item.licenses) or "no licence",
                "native" if item.native else "",
            )
            for item in project.dependencies
        ],
        indent="  ",
    ) or ["  none"]
    lines += ["", "releases:"]
    lines += format_table(
        [
            (item.name, item.version or project.version or "?", ", ".join(f"{a}: {m}" for a, m in item.applications))
            for item in project.releases
        ],
        indent="  ",
    ) or ["  none described; dray builds one of the application itself"]
    return lines
