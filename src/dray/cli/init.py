"""``dray init``: writes a commented ``rel/config.py`` made of the project's facts."""

from __future__ import annotations

import keyword
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from dray.cli.session import open_session
from dray.config.reader import CONFIG_FILE
from dray.errors import UsageError
from dray.project.read import read_project
from dray.project.request import FactsRequest
from dray.project.work import lock_work
from dray.template.environment import TemplateFolder

if TYPE_CHECKING:
    from dray.core.context import Templates
    from dray.core.project import Project

_TEMPLATE = "rel/config.py.jinja"


@dataclass(frozen=True, slots=True)
class InitialRelease:
    """A release as the first ``rel/config.py`` shows it.

    Args:
        name: Its name.
        variable: The name of its pipeline.
        applications: The applications to write down; empty where ``mix.exs`` names them.
    """

    name: str
    variable: str
    applications: tuple[str, ...] = ()


@click.command("init")
def init_command() -> None:
    """Write a commented rel/config.py for this project; an existing one stays as it is."""
    with open_session() as session:
        path = session.ctx.root / CONFIG_FILE
        if path.exists():
            raise UsageError(
                f"{CONFIG_FILE} exists, and dray does not overwrite it", hint="dray plan shows what it means"
            )
        with lock_work(session.ctx.work, session.ctx.console):
            project = read_project(session.ctx, FactsRequest())
        text = render_config(project, TemplateFolder())
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        session.console.info(f"{CONFIG_FILE} written. Look at it, then: dray plan, dray build")


def render_config(project: Project, templates: Templates) -> str:
    """Return the first ``rel/config.py`` of a project.

    Args:
        project: The facts: its releases, whether it is an umbrella, whether it uses Phoenix.
        templates: Renders the file.
    """
    releases = list_initial_releases(project)
    uses_phoenix = any("phoenix" in member.dependencies for member in project.members)
    phoenix = ("phoenix",) if uses_phoenix else ()
    default = next((r.variable for r in releases if r.name == project.default_release), releases[0].variable)
    return templates.render(
        _TEMPLATE,
        name=project.name,
        imports=("assemble", *phoenix, "release", "ssh", "tar"),
        releases=releases,
        digest=" | phoenix.digest()" if uses_phoenix else "",
        default=default,
    )


def list_initial_releases(project: Project) -> tuple[InitialRelease, ...]:
    """Return the releases to write down: those of the project, or one of all that it builds."""
    if project.releases:
        return tuple(
            InitialRelease(
                definition.name, f"{definition.name}_build" if _is_taken(definition.name) else definition.name
            )
            for definition in project.releases
        )
    applications = tuple(member.name for member in project.members) if project.umbrella else ()
    return (InitialRelease(project.name, project.name, applications),)


def _is_taken(name: str) -> bool:
    """Tell whether a pipeline cannot have this name: Python's own, or one of something that the file uses."""
    return keyword.iskeyword(name) or name in {
        "assemble",
        "build",
        "config",
        "config_env",
        "deploy",
        "import_config",
        "phoenix",
        "release",
        "ssh",
        "tar",
    }
