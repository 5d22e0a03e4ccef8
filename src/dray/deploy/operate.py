"""What is done with a fleet besides deploying: looking at it, taking it back, asking its hosts, breaking a lock."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.core.rollout import HostResult, Outcome, Rollout
from dray.deploy.activate import activate_version, format_audit, take_back
from dray.deploy.batches import split_hosts
from dray.deploy.host_state import BAD
from dray.deploy.lock import build_lock, confirm_locks
from dray.deploy.member import gather_results, open_party
from dray.deploy.preflight import list_present
from dray.errors import RemoteError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dray.core.host import Host
    from dray.deploy.board import Board
    from dray.deploy.fleet import Fleet
    from dray.deploy.host_state import HostState
    from dray.deploy.member import Member
    from dray.deploy.place import Place


@dataclass(frozen=True, slots=True)
class HostStatus:
    """What is known of a host.

    Args:
        host: The host.
        state: What it says; None where it does not answer.
        error: Why it does not.
    """

    host: Host
    state: HostState | None
    error: str = ""


async def read_status(fleet: Fleet, place: Place, board: Board) -> tuple[HostStatus, ...]:
    """Ask all hosts of a fleet what they are and have; nothing is changed."""
    async with open_party(fleet.hosts, place, board, connections=fleet.options.connections) as party:
        found = {member.host: HostStatus(member.host, member.state) for member in party.members}
        found |= {host: HostStatus(host, None, error.what) for host, error in party.absent}
    return tuple(found[host] for host in fleet.hosts)


async def roll_back(fleet: Fleet, place: Place, board: Board, *, version: str | None, who: str) -> Rollout:
    """Take all hosts back to a version that they have: the good one before the current one, or the one that is named.

    Raises:
        RemoteError: Nothing was changed: a host does not answer, has no such version, or is being deployed to.
    """
    started = board.clock.monotonic()
    owner = secrets.token_hex(8)  # nobody else's: who rolls back waits for a deployment, though it be their own
    lock = build_lock(owner, f"{who} rolls back")
    async with open_party(fleet.hosts, place, board, connections=fleet.options.connections, first=(lock,)) as party:
        members = list_present(party, fleet)
        targets = {member.host: _choose_target(member, version) for member in members}
        await confirm_locks(members, lock)
        results: dict[str, HostResult] = {}
        for batch in split_hosts(members, fleet.batches):
            done = await asyncio.gather(*(_go_back(m, targets[m.host], fleet, board, who) for m in batch))
            results.update({result.host: result for result in done})
            if not all(result.outcome.is_good for result in done):
                break
    versions = ", ".join(sorted(set(targets.values())))
    hosts = gather_results(fleet, members, results, party.absent)
    return Rollout(fleet.name, place.name, versions, hosts, board.clock.monotonic() - started)


def _choose_target(member: Member, version: str | None) -> str:
    state = member.state
    if not state.versions:
        raise RemoteError(f"{member.host} has no version to go back to", hint=f"type: dray deploy {member.host}")
    have = ", ".join(f"{item.version} ({item.state})" for item in state.versions)
    if version is None and not state.previous:
        raise RemoteError(
            f"{member.host} has no good version before {state.permanent or 'the first'}; it has: {have}"
        )
    if version is not None and state.find(version) is None:
        raise RemoteError(f"{member.host} does not have {version}; it has: {have}")
    return version or state.previous


async def _go_back(member: Member, version: str, fleet: Fleet, board: Board, who: str) -> HostResult:
    left, options = member.state.running or member.state.permanent, fleet.options
    if left == version and member.state.running:
        return HostResult(member.host.name, Outcome.UNCHANGED, version, version)
    try:
        result = await activate_version(
            member, version, how=options.upgrade, checks=fleet.checks, seconds=options.timeout, board=board
        )
        await member.mark(left, BAD, at=board.clock.now())
    except RemoteError as error:
        result = await take_back(member, version, error, seconds=options.timeout, board=board)
    with contextlib.suppress(RemoteError):
        await member.session.ask(*format_audit(result, who=who, time=board.clock.now(), action="rollback"))
    board.set(member.host.name, result.outcome.value, f"{left} -> {version}")
    return result


async def break_locks(fleet: Fleet, place: Place, board: Board) -> tuple[tuple[str, str], ...]:
    """Take the locks of a fleet's hosts away, and return the hosts that had one with what it said.

    Raises:
        RemoteError: A host does not answer.
    """
    async with open_party(fleet.hosts, place, board, connections=fleet.options.connections) as party:
        held = [member for member in list_present(party, fleet) if "lock" in member.state.facts]
        await asyncio.gather(*(member.session.ask("unlock") for member in held))
    return tuple((member.host.name, member.state.facts["lock"]) for member in held)


async def run_everywhere(
    fleet: Fleet, place: Place, argv: tuple[str, ...], show: Callable[[Host, str], None]
) -> dict[Host, int]:
    """Run a program on all hosts of a fleet, show what it prints, and return its statuses.

    Args:
        fleet: The hosts.
        place: How they are reached.
        argv: The program.
        show: Called with each line.
    """
    limit = asyncio.Semaphore(fleet.options.connections)

    async def run(host: Host) -> tuple[Host, int]:
        async with limit:
            try:
                async with place.transport.connect(host) as connection, connection.start(argv) as channel:
                    while line := await channel.read_line():
                        show(host, line.decode("utf-8", "replace").rstrip("\n"))
                    status = await channel.wait()
                    for text in channel.errors().splitlines() if status else ():
                        show(host, text)
                    return host, status
            except RemoteError as error:
                show(host, error.what)
                return host, RemoteError.exit_code

    return dict(await asyncio.gather(*(run(host) for host in fleet.hosts)))
