"""``dray status``: what the hosts of a fleet run and have."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

import click

from dray.cli.session import open_session
from dray.cli.table import format_table
from dray.cli.target import find_target, target_options
from dray.errors import RemoteError

if TYPE_CHECKING:
    from dray.deploy.operate import HostStatus


@click.command("status")
@target_options
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def status_command(
    hosts: tuple[str, ...], fleet: str | None, release: str | None, env: str | None, *, as_json: bool
) -> None:
    """Show what runs on each host, since when, and which versions are there.

    HOST is [USER@]NAME[:PORT]; without one, all hosts of the fleet are meant. The exit status is 3 where
    a host does not answer, or does not run the release.
    """
    from dray.deploy.board import Board  # noqa: PLC0415 - loaded when it is used
    from dray.deploy.operate import read_status  # noqa: PLC0415

    with open_session(env=env, quiet=True) as session:
        target = find_target(session, fleet, hosts, release)
        found = asyncio.run(read_status(target.fleet, target.place, Board(session.ctx.console, session.ctx.clock)))
    if as_json:
        click.echo(json.dumps([status_as_json(item) for item in found], indent=2))
    else:
        click.echo("\n".join(format_statuses(found)))
    if any(item.state is None or not item.state.running for item in found):
        raise click.exceptions.Exit(RemoteError.exit_code)


def format_statuses(found: tuple[HostStatus, ...]) -> list[str]:
    """Return the table of hosts."""
    rows = [("HOST", "STATE", "VERSION", "UP", "VERSIONS THERE")]
    for item in found:
        if item.state is None:
            rows.append((item.host.name, "unreachable", "", "", item.error.removeprefix(f"{item.host}: ")))
            continue
        state = item.state
        what = state.run_state if state.is_set_up or state.permanent else "not set up"
        there = ", ".join(f"{v.version} {v.state}" for v in sorted(state.versions, key=lambda v: -v.since))
        lock = f"; locked: {state.facts['lock']}" if "lock" in state.facts else ""
        rows.append(
            (item.host.name, what, state.running, _format_uptime(state.status.get("uptime")), f"{there}{lock}")
        )
    return format_table(rows)


def _format_uptime(seconds: Any) -> str:
    if not isinstance(seconds, int):
        return ""
    days, rest = divmod(seconds, 86400)
    return (
        f"{days}d {time.strftime('%H:%M', time.gmtime(rest))}"
        if days
        else time.strftime("%H:%M:%S", time.gmtime(rest))
    )


def status_as_json(item: HostStatus) -> dict[str, Any]:
    """Return what is known of a host, for programs to read."""
    if item.state is None:
        return {"host": item.host.name, "state": "unreachable", "error": item.error}
    state = item.state
    return {
        "host": item.host.name,
        "state": state.run_state,
        "version": state.running or None,
        "permanent": state.permanent or None,
        "node": state.status.get("node"),
        "pid": state.status.get("pid"),
        "uptime": state.status.get("uptime"),
        "set_up": state.is_set_up,
        "platform": str(state.platform),
        "init": state.facts.get("init"),
        "free_bytes": state.free_bytes,
        "lock": state.facts.get("lock"),
        "versions": [{"version": v.version, "state": v.state, "since": v.since} for v in state.versions],
    }
