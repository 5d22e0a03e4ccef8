"""What must be true of all hosts before anything is written on one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dray.deploy.fitness import validate_fitness
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
