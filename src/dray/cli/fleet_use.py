"""``dray rollback``, ``logs``, ``rpc``, ``remote`` and ``unlock``: everyday work with the hosts of a fleet."""

from __future__ import annotations

import asyncio
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from dray.cli.session import open_session
from dray.cli.target import find_target, target_options
from dray.console import StepConsole
from dray.core.host import is_host
from dray.errors import BuildInterruptedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dray.cli.target import Target
    from dray.core.host import Host
    from dray.deploy.fleet import Fleet


@click.command("rollback")
@target_options
@click.option("--version", metavar="VERSION", help="The version to go back to, of those that are there.")
def rollback_command(
    hosts: tuple[str, ...], fleet: str | None, release: str | None, env: str | None, *, version: str | None
) -> None:
    """Take the hosts back to the good version before the current one.

    Nothing is built or sent. It is hot where the versions allow it, else a restart. The version that is left counts
    as bad from then on.
    """
    from dray.deploy.board import Board  # noqa: PLC0415 - loaded when it is used
    from dray.deploy.deployment import RolloutError, find_who, report_rollout  # noqa: PLC0415
    from dray.deploy.interruption import run_with_hosts  # noqa: PLC0415
    from dray.deploy.operate import roll_back  # noqa: PLC0415

    with open_session(env=env) as session:
        target = find_target(session, fleet, hosts, release)
        console = StepConsole(session.console, "rollback")
        ctx = replace(session.ctx, console=console)
        board = Board(console, ctx.clock)
        who = find_who(ctx.environ)
        rollout = run_with_hosts(roll_back(target.fleet, target.place, board, version=version, who=who))
        report_rollout(ctx, rollout)
        session.console.end_step("rollback", rollout.seconds, "; ".join(console.results))
        if not rollout.is_good:
            raise RolloutError(rollout)


@click.command("logs")
@target_options
@click.option("-n", "--lines", default=100, show_default=True, help="How many lines.")
@click.option("-f", "--follow", is_flag=True, help="Go on as lines are written.")
def logs_command(
    hosts: tuple[str, ...], fleet: str | None, release: str | None, env: str | None, *, lines: int, follow: bool
) -> None:
    """Show the last lines of the release's log on each host."""
    words = ("logs", str(lines), *(("follow",) if follow else ()))
    _run(lambda target: target.place.service(*words), hosts, fleet, release, env)


@click.command("rpc")
@click.argument("expression")
@target_options
def rpc_command(
    expression: str, hosts: tuple[str, ...], fleet: str | None, release: str | None, env: str | None
) -> None:
    """Evaluate EXPRESSION in the running node of each host, and print what that prints."""
    swapped = next((text for text in hosts if not is_host(text)), None)
    if swapped is not None and is_host(expression):
        raise UsageError(
            "the expression comes before the hosts",
            hint=shlex.join(("dray", "rpc", swapped, expression)),
        )
    _run(lambda target: target.place.command("rpc", expression), hosts, fleet, release, env)


def _run(argv: Callable[[Target], tuple[str, ...]], *chosen: Any) -> None:
    from dray.deploy.operate import run_everywhere  # noqa: PLC0415 - loaded when it is used

    hosts, fleet, release, env = chosen
    with open_session(env=env, quiet=True) as session:
        target = find_target(session, fleet, hosts, release)
        show = _make_printer(target.fleet)
        try:
            statuses = asyncio.run(run_everywhere(target.fleet, target.place, argv(target), show))
        except KeyboardInterrupt:  # how people end logs --follow: no error
            raise click.exceptions.Exit(BuildInterruptedError.exit_code) from None
    if any(statuses.values()):
        raise click.exceptions.Exit(max(statuses.values()))


def _make_printer(fleet: Fleet) -> Callable[[Host, str], None]:
    """Return what prints a line of a host: with its name in front, where there are several."""
    width = max(len(host.name) for host in fleet.hosts)
    if len(fleet.hosts) == 1:
        return lambda _, line: click.echo(line)
    return lambda host, line: click.echo(f"{host.name:<{width}}  {line}")


@click.command("remote")
@target_options
def remote_command(hosts: tuple[str, ...], fleet: str | None, release: str | None, env: str | None) -> None:
    """Open a shell of Elixir or Erlang in the running node of one host."""
    with open_session(env=env, quiet=True) as session:
        target = find_target(session, fleet, hosts, release)
    if len(target.fleet.hosts) > 1:
        names = ", ".join(host.name for host in target.fleet.hosts)
        raise UsageError(f"remote needs one host; there are: {names}", hint=f"dray remote {target.fleet.hosts[0]}")

    async def attach() -> int:
        async with target.place.transport.connect(target.fleet.hosts[0]) as connection:
            return await connection.attach(target.place.command("remote"))

    status = asyncio.run(attach())
    if status:
        raise click.exceptions.Exit(status)


@click.command("unlock")
@target_options
def unlock_command(hosts: tuple[str, ...], fleet: str | None, release: str | None, env: str | None) -> None:
    """Take away locks of deployments that nobody is at any more."""
    from dray.deploy.board import Board  # noqa: PLC0415 - loaded when it is used
    from dray.deploy.operate import break_locks  # noqa: PLC0415

    with open_session(env=env) as session:
        target = find_target(session, fleet, hosts, release)
        board = Board(session.ctx.console, session.ctx.clock)
        broken = asyncio.run(break_locks(target.fleet, target.place, board))
        for host, text in broken:
            session.console.info(f"{host}: unlocked; it said: {text}")
        if not broken:
            session.console.info("no host is locked")


@click.command("hosts")
@click.option("--fleet", metavar="NAME", help="Only this fleet.")
@click.option("--env", metavar="ENV", help="Environment; by default MIX_ENV, else prod.")
def hosts_command(fleet: str | None, env: str | None) -> None:
    """List the fleets of the configuration and their hosts; nothing is connected to."""
    from dray.cli.table import format_table  # noqa: PLC0415 - loaded when it is used
    from dray.deploy.fleet import list_fleets, read_fleet  # noqa: PLC0415

    with open_session(env=env, quiet=True) as session:
        settings = session.ctx.settings
        names = (fleet,) if fleet else list_fleets(settings)
        if not names:
            raise UsageError(
                "the configuration has no fleet",
                hint='config("fleet", "web", hosts=["web1.shop.example"]) in rel/config.py makes one',
            )
        rows = [("FLEET", "HOST", "USER", "PORT")]
        rows += [
            (name, host.name, host.user or "-", str(host.port or "-"))
            for name in names
            for host in read_fleet(settings, name).hosts
        ]
    click.echo("\n".join(format_table(rows)))
