"""A host during a deployment: its session, what it has said of itself, and what became of it so far."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dray.core.rollout import HostResult, Outcome
from dray.deploy.board import CONNECTING
from dray.deploy.host_state import GOOD, HostState, InstalledVersion, parse_state
from dray.deploy.session import HostRefusedError, HostSession
from dray.errors import RemoteError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from dray.core.host import Host
    from dray.deploy.board import Board
    from dray.deploy.fleet import Fleet
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
        sent: How many bytes were sent to it.
        has_new_variables: Whether the release's variables were changed there, and are to be changed back on failure.
        refusal: What it did not do of what it was asked first.
    """

    host: Host
    session: HostSession
    state: HostState
    before: HostState
    told_at: float
    sent: int = 0
    has_new_variables: bool = False
    refusal: HostRefusedError | None = None

    async def see_running(self) -> HostState:
        """Ask the host what runs and what the next start starts; the rest of its state is as it was.

        Raises:
            RemoteError: It does not say.
        """
        self._see(parse_state(await self.session.ask("running")))
        return self.state

    def see_settled(self, answer: Iterable[str], version: str, *, at: float) -> None:
        """Take in what a host has read back from the node, and that a version is good.

        Args:
            answer: To ``settle``.
            version: The version.
            at: The time, in seconds since 1970.
        """
        self._see(parse_state(answer))
        self._remember(version, GOOD, at)

    async def mark(self, version: str, state: str, *, at: float) -> None:
        """Let the host remember how a version is.

        Args:
            version: The version, which is installed there.
            state: ``good`` or ``bad``.
            at: The time, in seconds since 1970.

        Raises:
            RemoteError: It cannot.
        """
        await self.session.ask("mark", version, state)
        self._remember(version, state, at)

    def _see(self, seen: HostState) -> None:
        facts = {**self.state.facts, "permanent": seen.permanent}
        self.state = replace(self.state, facts=facts, status=seen.status)

    def _remember(self, version: str, state: str, at: float) -> None:
        others = tuple(item for item in self.state.versions if item.version != version)
        known = self.state.find(version) or InstalledVersion(version, "")
        self.state = replace(self.state, versions=(*others, replace(known, state=state, since=int(at))))


@dataclass
class Party:
    """The hosts of a deployment.

    Args:
        members: Those that answer, in the order of the fleet.
        absent: Those that do not, and why.
    """

    members: tuple[Member, ...] = ()
    absent: tuple[tuple[Host, RemoteError], ...] = ()


def gather_results(
    fleet: Fleet,
    members: Iterable[Member],
    results: Mapping[str, HostResult],
    absent: Iterable[tuple[Host, RemoteError]] = (),
) -> tuple[HostResult, ...]:
    """Return what became of each host, in the order of the fleet.

    Args:
        fleet: The hosts.
        members: Those that answered; one without a result is untouched.
        results: What became of those whose turn came, by name.
        absent: Those that did not answer, and why.
    """
    found = {host.name: HostResult(host.name, Outcome.SKIPPED, why=error.what) for host, error in absent}
    for member in members:
        running = member.state.running
        untouched = HostResult(member.host.name, Outcome.UNTOUCHED, running, running, sent=member.sent)
        found[member.host.name] = results.get(member.host.name, untouched)
    return tuple(found.get(host.name) or HostResult(host.name, Outcome.SKIPPED) for host in fleet.hosts)


@contextlib.asynccontextmanager
async def open_party(
    hosts: Iterable[Host], place: Place, board: Board, *, connections: int, first: tuple[tuple[str, ...], ...] = ()
) -> AsyncIterator[Party]:
    """Connect to hosts, and ask each what it is and has; they stay connected while the block lasts.

    Args:
        hosts: The hosts.
        place: The release on them.
        board: Where it is shown how they get on.
        connections: How many are opened at a time.
        first: Commands that each host is given first; what it is and has it says whatever becomes of them.
    """
    limit = asyncio.Semaphore(connections)
    async with contextlib.AsyncExitStack() as ends:
        leaving: list[contextlib.AsyncExitStack] = []
        beats: list[asyncio.Task[None]] = []
        ends.push_async_callback(_leave_all, leaving)
        ends.push_async_callback(_end_all, beats)

        async def join(host: Host) -> Member | tuple[Host, RemoteError]:
            board.set(host.name, CONNECTING)
            leaving.append(stack := contextlib.AsyncExitStack())
            try:
                async with limit:
                    member = await _join(stack, host, place, board, first)
            except RemoteError as error:
                board.set(host.name, "unreachable", error.what.removeprefix(f"{host}: "))
                return host, error
            beats.append(asyncio.ensure_future(member.session.keep_alive()))
            return member

        found = await asyncio.gather(*(join(host) for host in hosts))
        members = tuple(item for item in found if isinstance(item, Member))
        yield Party(members, tuple(item for item in found if not isinstance(item, Member)))
        await asyncio.gather(*(_say_end(member) for member in members))


async def _join(
    stack: contextlib.AsyncExitStack, host: Host, place: Place, board: Board, first: tuple[tuple[str, ...], ...]
) -> Member:
    connection = await stack.enter_async_context(place.transport.connect(host))
    channel = await stack.enter_async_context(connection.start(place.argv(), finishes=True))
    await channel.write(place.packed_script)
    session = HostSession(channel, host, lambda line: board.detail(host.name, line))
    *done, looked = await session.ask_each(*first, ("look",))
    if isinstance(looked, HostRefusedError):
        raise looked
    state = parse_state(looked)
    told_at = board.clock.now()
    board.set(host.name, "connected", _describe(state))
    refusal = next((answer for answer in done if isinstance(answer, HostRefusedError)), None)
    return Member(host, session, state, state, told_at, refusal=refusal)


def _describe(state: HostState) -> str:
    if state.running:
        return f"runs {state.running}"
    return "not running" if state.permanent else "nothing installed"


async def _say_end(member: Member) -> None:
    with contextlib.suppress(RemoteError):
        await member.session.end()


async def _leave_all(stacks: list[contextlib.AsyncExitStack]) -> None:
    """Leave all hosts at once: each needs as long as its answer travels."""
    ended = await asyncio.gather(*(stack.aclose() for stack in stacks), return_exceptions=True)
    for error in ended:
        if isinstance(error, BaseException):
            raise error


async def _end_all(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
