"""Programs of this machine as channels: the program itself, or ``ssh`` that runs it elsewhere.

A program gets a session of its own, so that Ctrl-C reaches dray alone and dray ends the program and its children.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import threading
from asyncio.subprocess import SubprocessStreamProtocol
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from dray.deploy.stream import CHUNK, StreamChannel, Tail
from dray.deploy.transport import LINE_LIMIT
from dray.errors import RemoteError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

_GRACE_SECONDS = 2.0
_PIPES_SECONDS = 0.2  # for the last errors; a daemon may hold the pipe


class _Protocol(SubprocessStreamProtocol):
    """Says when the program itself has ended: a daemon that it left behind may hold its pipes for years."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(LINE_LIMIT, loop)
        self.exited = asyncio.Event()

    def process_exited(self) -> None:
        super().process_exited()
        self.exited.set()


Check = Callable[["ProcessChannel"], Awaitable[None]]


class ProcessChannel(StreamChannel):
    """A program of this machine.

    Args:
        host: The name of the host, for errors.
        program: What runs there, for errors.
        transport: The process, as asyncio has it.
        protocol: Its pipes.
        check: Called when its output ends; raises ``RemoteError`` where that is no end of its own.
    """

    def __init__(
        self,
        host: str,
        program: str,
        *,
        transport: asyncio.SubprocessTransport,
        protocol: _Protocol,
        check: Check | None = None,
    ) -> None:
        if protocol.stdin is None or protocol.stdout is None or protocol.stderr is None:
            raise AssertionError("the program was started without pipes")
        super().__init__(host, program, out=protocol.stdout, tail=Tail())
        self._transport = transport
        self._check = check
        self._input = protocol.stdin
        self._exited = protocol.exited
        self._errors = asyncio.create_task(_feed(protocol.stderr, self._tail))

    @property
    def status(self) -> int | None:
        """The status that the program has ended with; nothing while it runs."""
        return self._transport.get_returncode()

    async def write(self, data: bytes) -> None:
        """Hand bytes to the program; see ``Channel.write``."""
        for start in range(0, len(data), CHUNK):
            if self._input.is_closing():
                return
            self._input.write(data[start : start + CHUNK])
            try:
                await self._input.drain()
            except ConnectionError:  # where the program has ended, its status and what it printed say why
                await self._check_connection()
                return

    async def wait(self) -> int:
        """Close the input and wait; see ``Channel.wait``."""
        self._input.close()
        discarding = asyncio.create_task(self._discard())
        try:
            await self._exited.wait()
            await asyncio.wait((self._errors,), timeout=_PIPES_SECONDS)
        finally:
            discarding.cancel()
        await self._check_connection()
        return self._transport.get_returncode() or 0

    async def wait_for_status(self, seconds: float) -> int | None:
        """Return the status once the program has ended; nothing where it still runs after so long."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._exited.wait(), seconds)
        return self.status

    async def _check_connection(self) -> None:
        if self._check is not None:
            await self._check(self)

    async def end(self, *, finishes: bool = False) -> None:
        """End the program: by closing its input, then politely, then by force.

        Args:
            finishes: Whether it ends by itself then, however long it takes; a second Ctrl-C ends it nevertheless.
        """
        self._input.close()
        try:
            if finishes:
                await self._exited.wait()
            await self.wait_for_status(_GRACE_SECONDS)
            for sent in (signal.SIGTERM, signal.SIGKILL):
                if self.status is None:
                    self._send(sent)
                    await self.wait_for_status(_GRACE_SECONDS)
        finally:
            if self.status is None:  # a second Ctrl-C
                self._send(signal.SIGKILL)
            self._errors.cancel()
            self._transport.close()
            with contextlib.suppress(asyncio.CancelledError):
                await self._errors

    def _send(self, sent: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._transport.get_pid(), sent)


async def open_process(
    argv: tuple[str, ...], *, host: str, program: str = "", check: Check | None = None
) -> ProcessChannel:
    """Start a program with pipes; whoever asks for it calls ``end``.

    Args:
        argv: The program of this machine.
        host: The name of the host, for errors.
        program: What runs there, for errors; empty for the program itself.
        check: See ``ProcessChannel``.

    Raises:
        RemoteError: It cannot be started.
    """
    loop = asyncio.get_running_loop()
    try:
        transport, protocol = await loop.subprocess_exec(
            lambda: _Protocol(loop),
            *argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise report_unstarted(argv, host, error) from None
    name = program or Path(argv[0]).name
    return ProcessChannel(host, name, transport=transport, protocol=protocol, check=check)


@contextlib.asynccontextmanager
async def start_process(
    argv: tuple[str, ...], *, host: str, program: str = "", check: Check | None = None, finishes: bool = False
) -> AsyncGenerator[ProcessChannel]:
    """Run a program while the block lasts; see ``open_process`` and ``ProcessChannel.end``."""
    channel = await open_process(argv, host=host, program=program, check=check)
    try:
        yield channel
    finally:
        await channel.end(finishes=finishes)


async def attach_process(argv: tuple[str, ...], *, host: str) -> int:
    """Run a program with the terminal of the user, and return its status.

    Raises:
        RemoteError: It cannot be started.
    """
    with _leave_interrupts():
        try:
            process = await asyncio.create_subprocess_exec(*argv)
        except OSError as error:
            raise report_unstarted(argv, host, error) from None
        try:
            return await process.wait()
        finally:
            if process.returncode is None:
                process.terminate()
                await process.wait()


@contextlib.contextmanager
def _leave_interrupts() -> Generator[None]:
    """Leave Ctrl-C to the program that has the terminal."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, lambda *_: None)  # SIG_IGN would pass on to the program
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def report_unstarted(argv: tuple[str, ...], host: str, error: OSError) -> RemoteError:
    """Return the error for a program that cannot be started."""
    hint = "install openssh-client" if Path(argv[0]).name == "ssh" else None
    return RemoteError(f"{host}: {argv[0]} cannot be started: {error.strerror}", hint=hint)


async def _feed(source: asyncio.StreamReader, tail: Tail) -> None:
    while data := await source.read(CHUNK):
        tail.feed(data)
