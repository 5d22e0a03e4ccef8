"""Which hosts a command means, and the release on them: what was typed, else the fleet of the pipeline ``deploy``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from dray.cli.export import choose_release
from dray.core.step_options import Overrides, resolve_step
from dray.deploy.fleet import DEFAULT_FLEET, list_fleets, read_fleet
from dray.errors import UsageError
from dray.project.read import read_project
from dray.project.request import FactsRequest
from dray.project.work import lock_work

if TYPE_CHECKING:
    from collections.abc import Callable

    from dray.cli.session import Session
    from dray.core.step import Step
    from dray.deploy.fleet import Fleet
    from dray.deploy.place import Place

PIPELINE = "deploy"
_EXAMPLE = 'config("fleet", "web", hosts=["web1.shop.example"])'


@dataclass(frozen=True, slots=True)
class Target:
    """Hosts, and the release on them."""

    fleet: Fleet
    place: Place


def target_options(function: Any) -> Any:
    """Add what tells a command which hosts it means."""
    options: list[Callable[[Any], Any]] = [
        click.argument("hosts", metavar="[HOST]...", nargs=-1),
        click.option("--fleet", metavar="NAME", help="The fleet; by default that of the pipeline deploy."),
        click.option("--release", metavar="NAME", help="The release, where the project has several."),
        click.option("--env", metavar="ENV", help="Environment; by default MIX_ENV, else prod."),
    ]
    for option in reversed(options):
        function = option(function)
    return function


def find_target(session: Session, fleet: str | None, hosts: tuple[str, ...], release: str | None) -> Target:
    """Return what a command means.

    Args:
        session: The project.
        fleet: The fleet that was typed.
        hosts: The hosts that were typed.
        release: The release that was typed.

    Raises:
        UsageError: Nothing says which hosts are meant.
        ConfigError: The configuration is wrong.
    """
    name = find_release(session, release)
    step = None if fleet else find_deploy_step(session)
    if step is not None and step.name == "local" and not hosts:
        return _find_local(session, step, name)
    from dray.deploy.ssh_place import build_ssh_place  # noqa: PLC0415 - this machine is reached without ssh

    found = _find_fleet(session, fleet, step, hosts)
    return Target(found, build_ssh_place(name, found, session.ctx))


def find_release(session: Session, wanted: str | None) -> str:
    """Return the name of the release; the project is only read where the configuration does not say it."""
    steps = [step for step in session.steps if step.name == "release"]
    written = {dict(step.arguments).get("name") for step in steps}
    if len(written) == 1 and (only := written.pop()) and wanted in {None, only}:
        return str(only)
    with lock_work(session.ctx.work, session.ctx.console):
        return choose_release(session, read_project(session.ctx, FactsRequest()), wanted)


def find_deploy_step(session: Session) -> Step | None:
    """Return the step of the pipeline ``deploy`` that brings the release to hosts."""
    pipeline = session.configuration.pipelines.get(PIPELINE)
    steps = pipeline.steps() if pipeline else ()
    return next((step for step in steps if step.name in {"ssh", "local"}), None)


def _find_local(session: Session, step: Step, name: str) -> Target:
    from dray.deploy.local_place import build_local_fleet, build_local_place  # noqa: PLC0415 - of one kind of target

    options = _options(session, step)
    path = options.pop("path")
    fleet = build_local_fleet(path, **options)
    return Target(fleet, build_local_place(name, session.ctx.root / path, session.ctx.templates))


def _options(session: Session, step: Step) -> dict[str, Any]:
    resolved = resolve_step(step, session.ctx.settings, Overrides())
    return {option.name: setting.value for option, setting in resolved.settings}


def _find_fleet(session: Session, fleet: str | None, step: Step | None, hosts: tuple[str, ...]) -> Fleet:
    settings = session.ctx.settings
    if fleet is None and step is not None and step.name == "ssh":
        options = _options(session, step)
        return read_fleet(settings, options["fleet"], hosts=hosts or options["hosts"])
    if fleet is None and not hosts:
        names = list_fleets(settings)
        if len(names) != 1:
            raise UsageError(
                "which hosts? " + (f"there are the fleets {', '.join(names)}" if names else "there is no fleet"),
                hint=f"--fleet {names[0]}" if names else f"name them, or write in rel/config.py: {_EXAMPLE}",
            )
        fleet = names[0]
    return read_fleet(settings, fleet or DEFAULT_FLEET, hosts=hosts)
