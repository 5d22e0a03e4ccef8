"""The transport ``local``: the host is this machine, and nothing is connected to.

    async with LocalTransport().connect(Host("localhost")) as connection:
        ...

It serves a release that runs where dray does, and tests.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.deploy.process import attach_process, start_process

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from contextlib import AbstractAsyncContextManager

    from dray.core.host import Host
    from dray.deploy.transport import Channel


@dataclass(frozen=True, slots=True)
class LocalConnection:
    """This machine, under the name of a host."""

    host: Host

    @property
    def is_open(self) -> bool:
        """Always, for this machine."""
        return True

    def start(self, argv: tuple[str, ...], *, finishes: bool = False) -> AbstractAsyncContextManager[Channel]:
        """Run a program; see ``Connection.start``."""
        return start_process(argv, host=str(self.host), finishes=finishes)

    async def attach(self, argv: tuple[str, ...]) -> int:
        """Run a program with the user's terminal; see ``Connection.attach``."""
        return await attach_process(argv, host=str(self.host))


@dataclass(frozen=True, slots=True)
class LocalTransport:
    """Runs programs on this machine, whatever the host is called."""

    @contextlib.asynccontextmanager
    async def connect(self, host: Host) -> AsyncGenerator[LocalConnection]:
        """Give a connection; see ``Transport.connect``."""
        yield LocalConnection(host)
