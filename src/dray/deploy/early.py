"""Connections that are opened before they are needed: hosts let dray in while the project compiles.

    early = EarlyConnections(transport, hosts, at_a_time=20)
    ...
    place = replace(place, transport=early.before(place.transport))
    run_with_hosts(work, early.take_over)

The connections live in a loop of their own, which a thread runs until somebody takes it over. What went wrong until
then is forgotten, and tried again when the host's turn comes; nobody is asked about keys before that.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.deploy.accept import UnknownHostError
from dray.errors import DrayError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable

    from dray.core.host import Host
    from dray.deploy.transport import Connection, Transport


@dataclass(frozen=True, slots=True)
class _Opened:
    """A connection, and what closes it."""

    connection: Connection
    stack: contextlib.AsyncExitStack


class EarlyConnections:
    """Connections that are being opened.

    Args:
        transport: Opens them; it asks nobody about an unknown key.
        hosts: Where to.
        at_a_time: How many are opened at a time.
    """

    def __init__(self, transport: Transport, hosts: Iterable[Host], *, at_a_time: int) -> None:
        self._loop = asyncio.new_event_loop()
        limit = asyncio.Semaphore(at_a_time)
        self._begun = {host: self._loop.create_task(_open(transport, host, limit)) for host in hosts}
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="early connections")
        self._thread.start()

    def before(self, transport: Transport) -> Transport:
        """Return these connections as a transport, which only works in their loop.

        Args:
            transport: Opens those that could not be opened early.
        """
        return _EarlyTransport(transport, self._begun)

    def take_over(self) -> asyncio.AbstractEventLoop:
        """Return the loop that they live in: it is the caller's from now on, and so is closing it."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        return self._loop

    def close(self) -> None:
        """Close all of them, unless somebody has taken them over."""
        if self._thread.is_alive():
            with asyncio.Runner(loop_factory=self.take_over) as runner:
                runner.run(_close_all(self._begun.values()))


@dataclass(frozen=True, slots=True)
class _EarlyTransport:
    transport: Transport
    begun: dict[Host, asyncio.Task[_Opened | DrayError]]

    @contextlib.asynccontextmanager
    async def connect(self, host: Host) -> AsyncGenerator[Connection]:
        """Connect to a host; see ``Transport.connect``."""
        async with contextlib.AsyncExitStack() as stack:
            early = await self._take(host, stack)
            yield early if early is not None else await stack.enter_async_context(self.transport.connect(host))

    async def _take(self, host: Host, stack: contextlib.AsyncExitStack) -> Connection | None:
        """Return the connection to a host that was opened early, and is still good.

        Raises:
            DrayError: It was being opened until now, and that has just failed.
        """
        begun = self.begun.pop(host, None)
        if begun is None:
            return None
        is_over = begun.done()
        early = await begun
        if isinstance(early, DrayError):
            if is_over or isinstance(early, UnknownHostError):
                return None
            raise early
        if early.connection.is_open:
            stack.push_async_exit(early.stack)
            return early.connection
        await early.stack.aclose()
        return None


async def _open(transport: Transport, host: Host, limit: asyncio.Semaphore) -> _Opened | DrayError:
    stack = contextlib.AsyncExitStack()
    try:
        async with limit:
            return _Opened(await stack.enter_async_context(transport.connect(host)), stack)
    except DrayError as error:
        return error


async def _close_all(begun: Iterable[asyncio.Task[_Opened | DrayError]]) -> None:
    async def close(task: asyncio.Task[_Opened | DrayError]) -> None:
        if not task.done():
            task.cancel()
            await asyncio.wait([task])
        elif isinstance(early := await task, _Opened):
            await early.stack.aclose()

    await asyncio.gather(*(close(task) for task in begun), return_exceptions=True)
