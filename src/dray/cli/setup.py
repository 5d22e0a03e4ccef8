"""``dray setup``: gets hosts ready for the release."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dray.cli.session import Session, open_session
from dray.cli.target import Target, find_target, target_options
from dray.errors import RemoteError

if TYPE_CHECKING:
    from dray.deploy.board import Board
    from dray.deploy.member import Member
    from dray.deploy.setup import Setup


@click.command("setup")
@target_options
@click.option("--dry-run", is_flag=True, help="Print every command, and change nothing.")
def setup_command(
    hosts: tuple[str, ...],
    fleet: str | None,
    release: str | None,
    env: str | None,
    *,
    dry_run: bool,
) -> None:
    """Get hosts ready for the release: user, folders, and the service of the init system that is found there.

    HOST is [USER@]NAME[:PORT]; without one, all hosts of the fleet are meant. It takes sshd, a POSIX shell, and root
    or sudo there. To do it again changes only what differs. Nothing starts before the first deployment.
    """
    from dray.deploy.interruption import run_with_hosts  # noqa: PLC0415 - loaded when it is used

    with open_session(env=env) as session:
        target = find_target(session, fleet, hosts, release)
        if not target.place.as_root:
            session.console.info(f"{target.place.root} is on this machine and needs no setup; type: dray deploy")
            return
        started = session.ctx.clock.monotonic()
        run_with_hosts(set_up(session, target, dry_run=dry_run))
        if not dry_run:
            session.console.end_step("setup", session.ctx.clock.monotonic() - started, _describe_done(target))
            session.console.info(f"\nNext, type: {' '.join(('dray deploy', *hosts))}")


async def set_up(session: Session, target: Target, *, dry_run: bool) -> None:
    """Get all hosts of a target ready.

    Raises:
        RemoteError: One cannot be reached, or cannot do it.
    """
    from dray.deploy.board import Board  # noqa: PLC0415 - with what they need, these take a moment to load
    from dray.deploy.member import open_party  # noqa: PLC0415
    from dray.deploy.setup import build_setup, validate_host  # noqa: PLC0415
    from dray.deploy.ssh_place import read_service  # noqa: PLC0415
    from dray.template.environment import find_user_templates  # noqa: PLC0415

    service = read_service(target.place.name, session.ctx)
    templates = session.open_templates(session.steps, find_user_templates(session.ctx.environ))
    board = Board(session.ctx.console, session.ctx.clock)
    async with open_party(target.fleet.hosts, target.place, board, connections=20) as party:
        for _, error in party.absent:
            raise error
        for warning in _list_warnings(target):
            session.console.warn(warning)
        for member in party.members:
            for warning in validate_host(member.state, member.host):
                session.console.warn(warning)
        setups = [build_setup(service, member.state.facts["init"], templates) for member in party.members]
        if dry_run:
            for member, setup in zip(party.members, setups, strict=True):
                click.echo(_describe(member))
                _print_setup(setup)
            return
        await asyncio.gather(*map(_do, party.members, setups, [board] * len(setups)))


def _describe_done(target: Target) -> str:
    hosts, place = target.fleet.hosts, target.place
    where = f"{len(hosts)} hosts" if len(hosts) > 1 else hosts[0].name
    return f"{where}: ready to run {place.name} in {place.root}, as a service"


def _list_warnings(target: Target) -> list[str]:
    """Return what the configuration of ssh says of the hosts that the transport does not honour."""
    from dray.deploy.unread_options import list_unread_options  # noqa: PLC0415 - of one command

    options = target.fleet.options
    if options.transport != "asyncssh":
        return []
    config = Path(options.ssh_config).expanduser() if options.ssh_config else None
    return [
        f'{host}: asyncssh does not honour {option} of your ssh; transport="openssh" of the fleet does'
        for host in target.fleet.hosts
        for option in list_unread_options(config, host)
    ]


def _describe(member: Member) -> str:
    state = member.state
    free = f"{state.free_bytes / 1e9:.1f} GB free"
    return f"{member.host}: {state.platform}, {state.facts['init']}, {free}"


def _print_setup(setup: Setup) -> None:
    for command in setup.commands:
        click.echo(f"  {command}")
    for path, text, _ in setup.files:
        click.echo(f"\n==> {path} <==\n{text}", nl=False)


async def _do(member: Member, setup: Setup, board: Board) -> None:
    board.set(member.host.name, "setting up", f"{len(setup.commands)} commands")
    pack = setup.pack()
    try:
        await member.session.ask("setup", str(len(pack)), payload=pack)
    except RemoteError as error:
        error.hint = "mend the cause, and type the same again: what is done already does no harm"
        raise
    board.set(member.host.name, "ready", _describe(member).partition(": ")[2])
