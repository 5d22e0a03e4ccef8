r"""How a program is run on a host: one interface for ssh, OpenSSH's own program, and this machine.

    async with transport.connect(host) as connection, connection.start(("sh", "-c", script)) as channel:
        await channel.write(b"look\n")
        line = await channel.read_line()

A connection is opened once for each host and can run several programs. What a transport does not know of is what the
programs are: ``dray.deploy.session`` speaks with them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from dray.core.host import Host

LINE_LIMIT = 1 << 20
"""So many bytes are the longest line that a channel reads: reports of a launcher are one line of JSON."""


class Channel(Protocol):
    """A program that runs on a host.

    Every method raises ``RemoteError`` where the connection is lost.
    """

    async def write(self, data: bytes) -> None:
        """Hand bytes to the program; returns when more can be taken.

        What a program that has ended is given is dropped: what it printed and its status say why it has.
        """

    async def read_line(self) -> bytes:
        """Return the next line that it prints, with its line end; ``b""`` when it has ended."""

    async def read_exactly(self, count: int) -> bytes:
        """Return so many bytes of what it prints.

        Raises:
            RemoteError: It has ended before that.
        """

    async def wait(self) -> int:
        """Close its input, wait until it ends, and return its status; what it still prints is passed over.

        Returns:
            The status; negative for a signal, of which OpenSSH's program does not tell: there it is 255.
        """

    def errors(self) -> str:
        """Return the last lines that it has printed to its standard error so far."""


class Connection(Protocol):
    """A way to a host, which is authenticated and whose key is verified."""

    @property
    def is_open(self) -> bool:
        """Whether nothing is known of its having been lost."""

    def start(self, argv: tuple[str, ...], *, finishes: bool = False) -> AbstractAsyncContextManager[Channel]:
        """Run a program while the block lasts; it is ended with it.

        Its input is closed first. One that goes on is sent SIGTERM after a moment; but OpenSSH's program cannot ask
        for that, and sshd does it for nobody who is root: what runs on hosts is to end with its input.

        Args:
            argv: The program and its arguments; whatever a shell would see in them is quoted.
            finishes: Whether it ends by itself when its input does, and is left to finish what it is at.

        Raises:
            RemoteError: It cannot be started.
        """

    async def attach(self, argv: tuple[str, ...]) -> int:
        """Run a program with the terminal of the user, and return its status."""


class Transport(Protocol):
    """Opens connections."""

    def connect(self, host: Host) -> AbstractAsyncContextManager[Connection]:
        """Connect to a host while the block lasts.

        Raises:
            RemoteError: The host cannot be reached, its key is not the one that is known, or it refuses the user.
        """
