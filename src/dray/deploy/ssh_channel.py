"""A program that runs on a host, over a connection of asyncssh."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from typing import TYPE_CHECKING, Any

import asyncssh

from dray.deploy.stream import CHUNK, StreamChannel, Tail, report_lost
from dray.deploy.transport import LINE_LIMIT
from dray.errors import RemoteError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

_GRACE_SECONDS = 2.0
_PIPES_SECONDS = 0.2  # for the last output; a daemon may hold the pipe
_ACKNOWLEDGING_SECONDS = 0.002


class _Session(asyncssh.SSHClientSession[bytes]):
    """Takes what the connection hands on: output into a reader, errors into a tail, the status into an event."""

    def __init__(self, host: str, connection: asyncssh.SSHClientConnection) -> None:
        self.out = asyncio.StreamReader(limit=LINE_LIMIT)
        self.tail = Tail()
        self.status: int | None = None
        self.error: RemoteError | None = None
        self.ended = asyncio.Event()  # the status is known, or the connection is gone
        self.closed = asyncio.Event()
        self._host = host
        self._connection = connection
        self._writable = asyncio.Event()
        self._writable.set()

    def connection_made(self, chan: asyncssh.SSHClientChannel[bytes]) -> None:
        self.out.set_transport(_ReadingEnd(chan))

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        if datatype == asyncssh.EXTENDED_DATA_STDERR:
            self.tail.feed(data)
        else:
            self.out.feed_data(data)
        _acknowledge(self._connection)

    def eof_received(self) -> bool:
        self.out.feed_eof()
        return True  # it may still read

    def exit_status_received(self, status: int) -> None:
        self.status = status
        self.ended.set()

    def exit_signal_received(self, signal: str, core_dumped: bool, msg: str, lang: str) -> None:  # noqa: FBT001
        del core_dumped, msg, lang
        self.status = -_number_signal(signal)
        self.ended.set()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.status is None:
            self.error = report_lost(self._host, str(exc or "").rstrip("."))
            self.out.set_exception(self.error)
        elif not self.out.at_eof():
            self.out.feed_eof()
        self.ended.set()
        self.closed.set()
        self._writable.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    async def wait_writable(self) -> None:
        """Wait until more can be taken."""
        await self._writable.wait()


class _ReadingEnd(asyncio.ReadTransport):
    """The part of a channel by which a reader stops and goes on."""

    def __init__(self, channel: asyncssh.SSHClientChannel[bytes]) -> None:
        super().__init__()
        self._channel = channel

    def pause_reading(self) -> None:
        self._channel.pause_reading()

    def resume_reading(self) -> None:
        # not at once: a channel hands on what it has while this is called, and the reader waits only after it
        asyncio.get_running_loop().call_soon(self._channel.resume_reading)


class SshChannel(StreamChannel):
    """A program on a host.

    Args:
        host: The name of the host, for errors.
        program: The name of the program, for errors.
        channel: The channel, as asyncssh has it.
        session: What it hands on to.
    """

    def __init__(
        self, host: str, program: str, *, channel: asyncssh.SSHClientChannel[bytes], session: _Session
    ) -> None:
        super().__init__(host, program, out=session.out, tail=session.tail)
        self._channel = channel
        self._session = session

    async def write(self, data: bytes) -> None:
        """Hand bytes to the program; see ``Channel.write``."""
        for start in range(0, len(data), CHUNK):
            if self._session.ended.is_set():
                break
            with contextlib.suppress(OSError):  # it has ended: its status and what it printed say why
                self._channel.write(data[start : start + CHUNK])
            await self._session.wait_writable()
        if self._session.error:
            raise self._session.error

    async def wait(self) -> int:
        """Close the input and wait; see ``Channel.wait``."""
        self._close_input()
        discarding = asyncio.create_task(self._discard())
        try:
            await self._session.ended.wait()
            await _wait_at_most(self._session.closed, _PIPES_SECONDS)
        finally:
            discarding.cancel()
            await asyncio.wait((discarding,))
        if self._session.status is None:
            raise self._session.error or report_lost(self._host)
        return self._session.status

    async def end(self, *, finishes: bool = False) -> None:
        """End the program: by closing its input, then politely, then by closing its channel.

        Args:
            finishes: Whether it ends by itself then: it only loses whoever listened.
        """
        self._close_input()
        try:
            await _wait_at_most(self._session.ended, _GRACE_SECONDS)
            if not self._session.ended.is_set() and not finishes:
                self._channel.terminate()
                await _wait_at_most(self._session.ended, _GRACE_SECONDS)
        finally:
            self._channel.close()
        await _wait_at_most(self._session.closed, _PIPES_SECONDS)

    def _close_input(self) -> None:
        with contextlib.suppress(OSError):
            self._channel.write_eof()


@contextlib.asynccontextmanager
async def start_over_ssh(
    connection: asyncssh.SSHClientConnection, command: str, *, host: str, program: str, finishes: bool = False
) -> AsyncGenerator[SshChannel]:
    """Run a program while the block lasts.

    Args:
        connection: The connection.
        command: What the shell of the host runs.
        host: The name of the host, for errors.
        program: The name of the program, for errors.
        finishes: See ``SshChannel.end``.

    Raises:
        RemoteError: The connection was lost, or the host starts no more programs.
    """
    session = _Session(host, connection)
    options: dict[str, Any] = {"encoding": None, "request_pty": False, "x11_forwarding": False}
    hurrying = asyncio.create_task(_keep_acknowledging(connection))
    try:
        channel, _ = await connection.create_session(lambda: session, command, **options)
    except asyncssh.ChannelOpenError as error:
        if connection.is_closed():
            raise report_lost(host) from None
        raise RemoteError(
            f"{host} starts no program: {error.reason}", hint="see MaxSessions and ForceCommand in its sshd_config"
        ) from None
    except (asyncssh.Error, OSError) as error:
        raise report_lost(host, str(error)) from None
    finally:
        hurrying.cancel()
    running = SshChannel(host, program, channel=channel, session=session)
    try:
        yield running
    finally:
        await running.end(finishes=finishes)


def _acknowledge(connection: asyncssh.SSHClientConnection) -> None:
    """Let the kernel acknowledge at once what has come.

    sshd sends small packets, each of which waits until the one before it is acknowledged (Nagle's algorithm), and for
    that Linux takes its time: up to 40 ms.
    """
    sock = connection.get_extra_info("socket")
    if sock is not None and hasattr(socket, "TCP_QUICKACK"):
        with contextlib.suppress(OSError):  # a ProxyCommand is no TCP
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


async def _keep_acknowledging(connection: asyncssh.SSHClientConnection) -> None:
    """Acknowledge at once, until this is cancelled, what the library takes in by itself."""
    while True:
        _acknowledge(connection)
        await asyncio.sleep(_ACKNOWLEDGING_SECONDS)


def _number_signal(name: str) -> int:
    """Return the number of a signal that a host names; that of SIGKILL for one that is unknown here."""
    return getattr(signal, f"SIG{name}", signal.SIGKILL)


async def _wait_at_most(event: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
