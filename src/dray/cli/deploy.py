"""What ``dray deploy`` does besides running its pipeline: ``--retry-failed``, and the hosts of a dry run."""

from __future__ import annotations

import click

from dray.cli.session import open_session
from dray.cli.target import find_deploy_step, find_target
from dray.deploy.deployment import list_failed
from dray.errors import UsageError


def find_failed_hosts(env: str | None, hosts: tuple[str, ...]) -> tuple[str, ...]:
    """Return the hosts that failed last time, as the fleet writes them.

    Raises:
        UsageError: None did, or hosts are given as well.
    """
    if hosts:
        raise UsageError("--retry-failed says which hosts are meant; leave the others out", got=" ".join(hosts))
    with open_session(env=env, quiet=True) as session:
        target = find_target(session, None, (), None)
        failed = set(list_failed(session.ctx.work, target.fleet.name))
        pairs = zip(target.fleet.options.hosts, target.fleet.hosts, strict=True)
        written = tuple(text for text, host in pairs if host.name in failed)
    if not written:
        raise UsageError(f"no host of {target.fleet.name} failed last time", hint="type: dray deploy")
    return written


def print_preview(env: str | None, hosts: tuple[str, ...]) -> None:
    """Print what a deployment would do on each host; nothing where the pipeline deploys to none."""
    import asyncio  # noqa: PLC0415 - loaded when it is used

    from dray.deploy.board import Board  # noqa: PLC0415
    from dray.deploy.preview import preview_rollout  # noqa: PLC0415

    with open_session(env=env, quiet=True) as session:
        if find_deploy_step(session) is None:
            return
        target = find_target(session, None, hosts, None)
        tree = session.ctx.root / "_build" / session.ctx.env / "rel" / target.place.name
        board = Board(session.ctx.console, session.ctx.clock)
        lines = asyncio.run(preview_rollout(target.fleet, target.place, tree, board))
    click.echo("\n" + "\n".join(lines))
