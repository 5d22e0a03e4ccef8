"""What must be true of all hosts before anything is written on one of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from dray.deploy.fitness import validate_fitness
from dray.deploy.session import HostRefusedError
from dray.errors import RemoteError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dray.core.host import Host
    from dray.deploy.fitness import Demand
    from dray.deploy.fleet import Fleet
    from dray.deploy.host_state import HostState
    from dray.deploy.member import Member, Party
    from dray.deploy.plan import Plan
    from dray.deploy.transfer import Transfer

_SPARE_BYTES = 2_000_000
_MOST_SECONDS_APART = 60
_LOCKED = "locked: "
_TRIES, _WAIT_SECONDS = 8, 0.25
"""How often a host is asked again that somebody else has locked, who did not get the first one."""


def list_present(party: Party, fleet: Fleet) -> tuple[Member, ...]:
    """Return the hosts to go on with, by what the fleet says of hosts that cannot be reached.

    Raises:
        RemoteError: Too many cannot be reached.
    """
    if not party.absent:
        return party.members
    policy, total = fleet.options.on_unreachable, len(fleet.hosts)
    enough = policy == "skip" or (policy == "quorum" and len(party.members) * 100 >= fleet.options.quorum * total)
    if enough and party.members:
        return party.members
    _, first = party.absent[0]
    if len(party.absent) == 1 and total == 1:
        raise first
    names = ", ".join(host.name for host, _ in party.absent)
    raise RemoteError(
        f"{len(party.absent)} of {total} hosts cannot be reached: {names}; {first.what}",
        hint='nothing was sent; on_unreachable="skip" of the fleet goes on without them',
    )


async def confirm_locks(members: Iterable[Member], lock: tuple[str, ...]) -> None:
    """See that every host has given its lock, when it was asked for it first.

    Of two who begin at the same time, one gets that of the first host, and waits until the other gives the rest back.

    Args:
        members: The hosts.
        lock: The command that takes the lock.

    Raises:
        RemoteError: Somebody else deploys to one of them.
    """
    first, *others = members
    _require_lock(first.refusal)
    for _ in range(_TRIES):
        refused = [member for member in others if _is_locked(member.refusal)]
        if not refused:
            break
        await asyncio.sleep(_WAIT_SECONDS)
        answers = await asyncio.gather(*(member.session.ask_each(lock) for member in refused))
        for member, (answer,) in zip(refused, answers, strict=True):
            member.refusal = answer if isinstance(answer, HostRefusedError) else None
    for member in others:
        _require_lock(member.refusal)


def _is_locked(refusal: HostRefusedError | None) -> bool:
    return refusal is not None and refusal.reason.startswith(_LOCKED)


def _require_lock(refusal: HostRefusedError | None) -> None:
    if refusal is None:
        return
    if not _is_locked(refusal):
        raise refusal
    raise RemoteError(
        f"{refusal.host} is being deployed to: {refusal.reason.removeprefix(_LOCKED)}",
        hint=f"wait for it; if nobody does: dray unlock {refusal.host}",
    )


def validate_party(members: Iterable[Member], demands: tuple[Demand, ...], *, needs_setup: bool = True) -> None:
    """Check that every host can take the release.

    Args:
        members: The hosts.
        demands: What the machine code of the release needs.
        needs_setup: Whether a host has to know already how to run the release.

    Raises:
        RemoteError: One cannot; nothing has been changed.
    """
    for member in members:
        host, state = member.host, member.state
        if needs_setup and not state.is_set_up:
            raise RemoteError(f"{host} is not set up for the release", hint=f"type: dray setup {host}")
        validate_fitness(demands, state, host)
        told = state.facts.get("time", "")
        apart = abs(int(told) - member.told_at) if told.isdigit() else 0
        if apart > _MOST_SECONDS_APART:
            raise RemoteError(
                f"the clock of {host} is {apart:.0f} s off",
                hint="certificates and sessions would fail; set it, for example with: timedatectl set-ntp true",
            )


def validate_variables(members: Iterable[Member], plan: Plan) -> None:
    """Check that no host needs a restart for its variables where none is wanted.

    Raises:
        RemoteError: One does.
    """
    for member in members:
        if plan.fleet.options.upgrade == "hot" and member.state.running and plan.changes_variables(member.state):
            raise RemoteError(
                f"the variables of the release have changed, which takes a restart of {member.host}",
                hint='leave out upgrade="hot"',
            )


def validate_space(state: HostState, transfer: Transfer, host: Host) -> None:
    """Check that what is to be sent finds room.

    Raises:
        RemoteError: It does not.
    """
    needed = transfer.size + _SPARE_BYTES
    if 0 < state.free_bytes < needed:
        free = _to_mb(state.free_bytes)
        raise RemoteError(f"{host}: the disk is full: {free} are free, and {_to_mb(needed)} are needed")


def _to_mb(size: int) -> str:
    return f"{size / 1e6:.0f} MB"
