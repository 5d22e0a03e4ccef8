r"""The transport ``openssh``: the program ``ssh``, which knows every option of ``~/.ssh/config``.

    async with OpenSshTransport().connect(parse_host("deploy@web1")) as connection:
        async with connection.start(("uptime",)) as channel:
            print(await channel.read_line())

One ``ssh`` for each host logs in and waits (ControlMaster, in a private folder); each program is another ``ssh``
that goes through it. Should dray be killed, the waiting ``ssh`` sees its input closed and ends. Nothing asks: what
needs a passphrase comes from the agent, and a host whose key is not known is refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.deploy.hints import build_options, format_command
from dray.deploy.openssh_errors import explain_ssh, last_reason
from dray.deploy.process import ProcessChannel, attach_process, open_process, start_process
from dray.deploy.stream import report_lost
from dray.errors import RemoteError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from dray.core.host import Host
    from dray.deploy.transport import Channel

TIMEOUT = 10.0
"""So many seconds a host has to answer."""

LOGIN_SECONDS = 60.0
"""So many seconds a login may take, for a key may have to be touched."""

ALIVE_SECONDS, ALIVE_COUNT = 5, 2
"""A host that is silent is asked so often; the connection is lost when it has not answered for 15 seconds."""

_FAILED = 255  # what ssh itself ends with; a program can end with it, too
_READY = b"dray: ready\n"
_NOTICED_SECONDS = 1.0  # so long after a connection has broken has each ssh seen it
_THROUGH = ("-o", "ControlMaster=no", "-o", "RemoteCommand=none", "-o", "ProxyCommand=false")  # or there is none
_WAIT = "sh -c 'echo \"dray: ready\" && exec cat >/dev/null'"


@dataclass(frozen=True, slots=True)
class OpenSshTransport:
    """Connects by the program ``ssh``.

    Args:
        config: The file instead of ``~/.ssh/config``, as ``ssh -F`` takes it.
        program: What stands for ``ssh``, with options of its own.
        timeout: How many seconds a host has to answer.
    """

    config: Path | None = None
    program: tuple[str, ...] = ("ssh",)
    timeout: float = TIMEOUT

    @contextlib.asynccontextmanager
    async def connect(self, host: Host) -> AsyncGenerator[OpenSshConnection]:
        """Connect to a host; see ``Transport.connect``."""
        with tempfile.TemporaryDirectory(prefix="dray-", dir=_short_folder()) as folder:
            ssh = (*self.program, *build_options(host, self.config))
            quiet = ("-o", "BatchMode=yes", "-o", "LogLevel=ERROR", "-o", f"ControlPath={folder}/c")
            master = await open_process(
                (*ssh, *quiet, *self._master_options(), host.name, _WAIT), host=host.name, program="ssh"
            )
            try:
                await self._wait_until_ready(master, host)
                yield OpenSshConnection(host, ssh=ssh, shared=(*quiet, *_THROUGH), master=master)
            finally:
                await master.end()

    def _master_options(self) -> tuple[str, ...]:
        options = {
            "ControlMaster": "yes",
            "ControlPersist": "no",
            "ConnectTimeout": f"{self.timeout:.0f}",
            "ServerAliveInterval": str(ALIVE_SECONDS),
            "ServerAliveCountMax": str(ALIVE_COUNT),
            "Compression": "no",
            "RequestTTY": "no",
            "RemoteCommand": "none",
            "ClearAllForwardings": "yes",
        }
        return tuple(part for name, value in options.items() for part in ("-o", f"{name}={value}"))

    async def _wait_until_ready(self, master: ProcessChannel, host: Host) -> None:
        """Wait until the login is done; a shell may greet first."""
        try:
            async with asyncio.timeout(self.timeout + LOGIN_SECONDS):
                while line := await master.read_line():
                    if line == _READY:
                        return
                await master.wait()
        except TimeoutError:
            raise RemoteError(
                f"{host} did not let dray log in within {self.timeout + LOGIN_SECONDS:.0f} s",
                hint=f"try: {format_command(host, self.config)}",
                output=master.errors() or None,
            ) from None
        raise explain_ssh(host, master.errors(), command=format_command(host, self.config))


@dataclass(frozen=True, slots=True)
class OpenSshConnection:
    """A host that ``ssh`` is logged in to.

    Args:
        host: The host.
        ssh: ``ssh`` with the options that say which host is meant.
        shared: The options by which it goes through the connection, and nowhere else.
        master: The ``ssh`` that holds it.
    """

    host: Host
    ssh: tuple[str, ...]
    shared: tuple[str, ...]
    master: ProcessChannel

    @property
    def is_open(self) -> bool:
        """See ``Connection.is_open``."""
        return self.master.status is None

    @contextlib.asynccontextmanager
    async def start(self, argv: tuple[str, ...], *, finishes: bool = False) -> AsyncGenerator[Channel]:
        """Run a program; see ``Connection.start``."""
        del finishes  # what ends is ssh: the program there only loses it
        if self.master.status is not None:
            raise report_lost(self.host.name, last_reason(self.master.errors()))
        words = (*self.ssh, *self.shared, "-T", self.host.name, shlex.join(argv))
        async with start_process(words, host=self.host.name, program=argv[0], check=self._check) as channel:
            yield channel

    async def attach(self, argv: tuple[str, ...]) -> int:
        """Run a program with the user's terminal; see ``Connection.attach``."""
        words = (*self.ssh, *self.shared, "-t", self.host.name, shlex.join(argv))
        return await attach_process(words, host=self.host.name)

    async def _check(self, channel: ProcessChannel) -> None:
        """See whether a program has ended because the connection has."""
        if await channel.wait_for_status(_NOTICED_SECONDS) != _FAILED:
            return
        if await self.master.wait_for_status(_NOTICED_SECONDS) is not None:
            raise report_lost(self.host.name, last_reason(self.master.errors()))


async def attach_ssh(
    host: Host, argv: tuple[str, ...], *, config: Path | None, program: tuple[str, ...] = ("ssh",)
) -> int:
    """Run a program on a host with the user's terminal; ``ssh`` logs in, and asks what it has to ask.

    Raises:
        RemoteError: There is no ssh.
    """
    words = (*program, *build_options(host, config), "-t", host.name, shlex.join(argv))
    return await attach_process(words, host=host.name)


def _short_folder() -> str | None:
    """Return a folder for sockets, whose names have 104 bytes at most; that of the user's may be long."""
    return "/tmp" if os.access("/tmp", os.W_OK) else None  # noqa: S108 - mkdtemp makes a private folder of its own
