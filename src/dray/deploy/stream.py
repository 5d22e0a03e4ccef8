"""What the channels of all transports share: lines are read from a buffer, and the last lines of errors are kept."""

from __future__ import annotations

import asyncio

from dray.deploy.transport import LINE_LIMIT
from dray.errors import RemoteError

CHUNK = 1 << 18
"""So many bytes are handed on at once: a payload is never in memory twice."""

_TAIL_BYTES = 16 * 1024
_TAIL_LINES = 40


class Tail:
    """The last lines of what a program says."""

    def __init__(self) -> None:
        self._kept = b""

    def feed(self, data: bytes) -> None:
        """Take more of it."""
        self._kept = (self._kept + data)[-_TAIL_BYTES:]

    def text(self) -> str:
        """Return the lines; what is no UTF-8 is shown as the replacement character."""
        lines = self._kept.decode("utf-8", "replace").splitlines()
        return "\n".join(line.rstrip() for line in lines[-_TAIL_LINES:])


class StreamChannel:
    """The half of a channel that reads.

    Args:
        host: The name of the host, for errors.
        program: The name of the program, for errors.
        out: What it prints.
        tail: What it prints to its standard error.
    """

    def __init__(self, host: str, program: str, *, out: asyncio.StreamReader, tail: Tail) -> None:
        self._host = host
        self._program = program
        self._out = out
        self._tail = tail

    async def read_line(self) -> bytes:
        """Return the next line; see ``Channel.read_line``."""
        try:
            line = await self._out.readline()
        except ValueError:
            raise self._fail(f"printed a line of more than {LINE_LIMIT} bytes") from None
        if not line.endswith(b"\n"):
            await self._check_connection()
        return line

    async def read_exactly(self, count: int) -> bytes:
        """Return so many bytes; see ``Channel.read_exactly``."""
        try:
            return await self._out.readexactly(count)
        except asyncio.IncompleteReadError as error:
            await self._check_connection()
            raise self._fail(f"ended after {len(error.partial)} of {count} bytes") from None

    def errors(self) -> str:
        """Return the last lines of its standard error; see ``Channel.errors``."""
        return self._tail.text()

    async def _check_connection(self) -> None:
        """Raise ``RemoteError`` where the output ended because the connection was lost."""

    async def _discard(self) -> None:
        """Read what nobody wants, for a program with a full pipe does not end."""
        while await self._out.read(CHUNK):
            pass

    def _fail(self, what: str) -> RemoteError:
        return RemoteError(f"{self._program} on {self._host} {what}", output=self.errors() or None)


def report_lost(host: str, reason: str = "") -> RemoteError:
    """Return the error for a connection that was there and is no more."""
    return RemoteError(
        f"the connection to {host} was lost{f': {reason}' if reason else ''}",
        hint="run the same command again",
    )
