"""A host during a deployment: its session, what it has said of itself, and what became of it so far."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dray.deploy.board import CONNECTING
from dray.deploy.host_state import HostState, parse_state
from dray.deploy.session import HostSession
from dray.errors import RemoteError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from dray.core.host import Host
    from dray.core.rollout import HostResult
    from dray.deploy.board import Board
    from dray.deploy.place import Place


@dataclass
class Member:
    """A host that is connected.

    Args:
        host: The host.
        session: Speaks with it.
        state: What it said last of itself.
        before: What it said first.
        told_at: When it did, in seconds since 1970 by the clock of this machine.
        log: The last lines that programs said there.
        sent: How many bytes were sent to it.
        has_new_variables: Whether the release's variables were changed there, and are to be changed back on failure.
        result: What became of it; None while that is open.
    """

    host: Host
    session: HostSession
    state: HostState
    before: HostState
    told_at: float
    log: list[str] = field(default_factory=list)
    sent: int = 0
    has_new_variables: bool = False
    result: HostResult | None = None

    async def look(self) -> HostState:
        """Ask the host what it is and what it has.

        Raises:
            RemoteError: It does not say.
        """
        self.state = parse_state(await self.session.ask("look"))
        return self.state


@dataclass
class Party:
    """The hosts of a deployment.

    Args:
        members: Those that answer, in the order of the fleet.
        absent: Those that do not, and why.
    """

    members: tuple[Member, ...] = ()
    absent: tuple[tuple[Host, RemoteError], ...] = ()


@contextlib.asynccontextmanager
async def open_party(hosts: Iterable[Host], place: Place, board: Board, *, connections: int) -> AsyncIterator[Party]:
    """Connect to hosts, and ask each what it is and has; they stay connected while the block lasts.

    Args:
        hosts: The hosts.
        place: The release on them.
        board: Where it is shown how they get on.
        connections: How many are opened at a time.
    """
    limit = asyncio.Semaphore(connections)
    async with contextlib.AsyncExitStack() as stack:
        beats: list[asyncio.Task[None]] = []
        stack.push_async_callback(_end_all, beats)

        async def join(host: Host) -> Member | tuple[Host, RemoteError]:
            board.set(host.name, CONNECTING)
            try:
                async with limit:
                    member = await _join(stack, host, place, board)
            except RemoteError as error:
                board.set(host.name, "unreachable", error.what)
                return host, error
            beats.append(asyncio.ensure_future(member.session.keep_alive()))
            return member

        found = await asyncio.gather(*(join(host) for host in hosts))
        members = tuple(item for item in found if isinstance(item, Member))
        yield Party(members, tuple(item for item in found if not isinstance(item, Member)))
        await asyncio.gather(*(_say_end(member) for member in members))


async def _join(stack: contextlib.AsyncExitStack, host: Host, place: Place, board: Board) -> Member:
    connection = await stack.enter_async_context(place.transport.connect(host))
    channel = await stack.enter_async_context(connection.start(place.argv(), finishes=True))
    log: list[str] = []

    def show(line: str) -> None:
        log.append(line)
        del log[:-40]
        board.detail(host.name, line)

    session = HostSession(channel, host, show)
    state = parse_state(await session.ask("look"))
    told_at = board.clock.now()
    board.set(host.name, "connected", _describe(state))
    return Member(host, session, state, state, told_at, log)


def _describe(state: HostState) -> str:
    if state.running:
        return f"runs {state.running}"
    return "not running" if state.permanent else "nothing installed"


async def _say_end(member: Member) -> None:
    with contextlib.suppress(RemoteError):
        await member.session.channel.write(b"end\n")


async def _end_all(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
