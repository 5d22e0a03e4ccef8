"""``dray export``: writes the files by which an init system runs the release, and says how to install them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dray.cli.session import Session, open_session
from dray.errors import ConfigError, UsageError
from dray.project.read import read_project
from dray.project.request import FactsRequest
from dray.project.work import lock_work
from dray.service.export import render_format, write_files
from dray.service.install import list_install_commands
from dray.service.model import build_service
from dray.service.options import list_options, read_service_options
from dray.service.registry import list_format_names, load_format
from dray.template.environment import find_user_templates

if TYPE_CHECKING:
    from dray.core.project import Project
    from dray.service.format import ServiceFile


def complete_formats(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the formats that begin with what was typed."""
    del ctx, param
    return [name for name in list_format_names() if name.startswith(incomplete)]


@click.command("export")
@click.argument("format_name", metavar="FORMAT", shell_complete=complete_formats)
@click.option("--to", "folder", metavar="DIR", help="Folder to write to; by default _build/ENV/service/FORMAT.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Set an option of the service.")
@click.option("--release", metavar="NAME", help="The release, where the project has several.")
@click.option("--print", "to_stdout", is_flag=True, help="Print the files instead of writing them.")
@click.option("--env", metavar="ENV", help="Environment; by default MIX_ENV, else prod.")
def export_command(
    format_name: str,
    folder: str | None,
    settings: tuple[str, ...],
    release: str | None,
    env: str | None,
    *,
    to_stdout: bool,
) -> None:
    """Write the files by which the init system FORMAT runs the release.

    Nothing is installed: what to type on the server is said at the end. Options come from config("service", ...) of
    rel/config.py and from --set.
    """
    chosen = load_format(format_name)
    sets = parse_sets(settings)
    with open_session(env=env, quiet=to_stdout) as session:
        options = read_service_options(session.ctx.settings.section("service"), sets)
        with lock_work(session.ctx.work, session.ctx.console):
            project = read_project(session.ctx, FactsRequest())
        name = choose_release(session, project, release)
        service = build_service(options, release=name, description=project.description or "")
        templates = session.open_templates(session.steps, find_user_templates(session.ctx.environ))
        files = render_format(chosen, options, service, templates=templates, warn=session.console.warn)
        if to_stdout:
            click.echo(format_files(files), nl=False)
            return
        target = Path(folder) if folder else Path("_build") / session.ctx.env / "service" / format_name
        for written in write_files(files, target):
            click.echo(written.path if written.state == "new" else f"{written.path} ({written.state})")
        session.console.info(
            f"To install them on a server, unpack the release at {service.root}, copy {target} to it; there, as root:"
        )
        for command in list_install_commands(service, chosen, files):
            session.console.info(f"  {command}")


def parse_sets(texts: tuple[str, ...]) -> dict[str, str]:
    """Return the keys and texts of ``--set KEY=VALUE``; ``service.KEY`` is taken, too.

    Raises:
        UsageError: A text has another form, or there is no such option.
    """
    known = tuple(option.name for option in list_options())
    found = {}
    for text in texts:
        key, equals, value = text.partition("=")
        key = key.removeprefix("service.")
        if not equals:
            raise UsageError("--set takes KEY=VALUE", got=text, hint="for example --set user=shop")
        if key not in known:
            raise UsageError(
                f"--set: a service has no option {key!r}; it has: {', '.join(known)}", got=key, choices=known
            )
        found[key] = value
    return found


def choose_release(session: Session, project: Project, wanted: str | None) -> str:
    """Return the release to export.

    Raises:
        ConfigError: There is no such release, or there are several and none is said.
    """
    described = [definition.name for definition in project.releases]
    written = [dict(step.arguments).get("name") for step in session.steps if step.name == "release"]
    names = tuple(dict.fromkeys((*(n for n in written if isinstance(n, str)), *described))) or (project.name,)
    if wanted is None and (len(names) == 1 or project.default_release):
        return names[0] if len(names) == 1 else str(project.default_release)
    if wanted in names:
        return str(wanted)
    what = f"there is no release {wanted}" if wanted else "there are several releases"
    raise ConfigError(
        f"{what}; there are: {', '.join(names)}", got=wanted, choices=names, hint=f"--release {names[0]}"
    )


def format_files(files: tuple[ServiceFile, ...]) -> str:
    """Return the files' texts; where there are several, each below its name, as ``head`` prints them."""
    if len(files) == 1:
        return files[0].text
    return "\n".join(f"==> {file.path} <==\n{file.text}" for file in files)
