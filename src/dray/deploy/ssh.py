r"""The transport ``asyncssh``: many hosts in one process, with what OpenSSH has in its files.

    transport = SshTransport(accept=ask_the_user)
    async with transport.connect(parse_host("web1")) as connection, connection.start(("uptime",)) as channel:
        print(await channel.read_line())

It reads ``~/.ssh/config`` and ``/etc/ssh/ssh_config``, keys, certificates, the agent and the files of known hosts.
The key of a host is always verified: one that nobody knows is put to ``accept`` and then remembered, and one that has
changed is refused. Nothing asks for a password or a passphrase.
"""

from __future__ import annotations

import asyncio
import contextlib
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import asyncssh

from dray.deploy.accept import Accept, UnknownHostError, ask
from dray.deploy.hints import CHANGED, format_command, hint_changed, hint_unknown
from dray.deploy.host_key import KnownHost, read_known_host
from dray.deploy.known_hosts import KnownKey, append_key
from dray.deploy.openssh import ALIVE_COUNT, ALIVE_SECONDS, LOGIN_SECONDS, TIMEOUT, attach_ssh
from dray.deploy.ssh_channel import start_over_ssh
from dray.deploy.ssh_config import Target, login_options, read_target
from dray.deploy.ssh_errors import explain_failure, explain_refused
from dray.errors import ConfigError, RemoteError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from dray.core.host import Host
    from dray.deploy.transport import Channel

_CIPHERS = (
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "chacha20-poly1305@openssh.com",
    "aes256-ctr",
    "aes128-ctr",
)
"""The fast ones first: a CPU encrypts 400 MB/s of AES-GCM, and half of it of ChaCha20."""


@dataclass(frozen=True, slots=True)
class SshConnection:
    """A host that is logged in to.

    Args:
        host: The host.
        connection: The connection, as asyncssh has it.
        config: The file instead of ``~/.ssh/config``.
    """

    host: Host
    connection: asyncssh.SSHClientConnection
    config: Path | None = None

    @property
    def is_open(self) -> bool:
        """See ``Connection.is_open``."""
        return not self.connection.is_closed()

    def start(self, argv: tuple[str, ...], *, finishes: bool = False) -> AbstractAsyncContextManager[Channel]:
        """Run a program; see ``Connection.start``."""
        command = shlex.join(argv)
        return start_over_ssh(self.connection, command, host=self.host.name, program=argv[0], finishes=finishes)

    async def attach(self, argv: tuple[str, ...]) -> int:
        """Run a program with the user's terminal, by the program ``ssh``; see ``Connection.attach``."""
        return await attach_ssh(self.host, argv, config=self.config)


class _Client(asyncssh.SSHClient):
    """Compares the key that a host shows with what is known; refuses it where nothing is."""

    def __init__(self, known: KnownHost, accepted: bytes, limit: asyncio.Timeout) -> None:
        self.shown: asyncssh.SSHKey | None = None
        self._known = known
        self._accepted = accepted
        self._limit = limit

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        del host, addr, port
        self.shown = key
        return self._known.knows(key.public_data) or key.public_data == self._accepted

    def begin_auth(self, username: str) -> None:
        del username
        self._limit.reschedule(asyncio.get_running_loop().time() + LOGIN_SECONDS)


class _UnknownKeyError(Exception):
    """Nobody knows the key that a host has shown."""

    def __init__(self, key: asyncssh.SSHKey) -> None:
        super().__init__()
        self.key = key


@dataclass(frozen=True, slots=True)
class SshTransport:
    """Connects by the library asyncssh.

    Args:
        config: The file instead of ``~/.ssh/config`` and ``/etc/ssh/ssh_config``.
        accept: Asked, one host after the other, about a key that is not known; without it, such a host is refused.
        timeout: How many seconds a host has to answer.
        alive_seconds: How often a silent host is asked; three times without an answer are a lost connection.
    """

    config: Path | None = None
    accept: Accept | None = None
    timeout: float = TIMEOUT
    alive_seconds: float = ALIVE_SECONDS
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False, compare=False)

    @contextlib.asynccontextmanager
    async def connect(self, host: Host) -> AsyncGenerator[SshConnection]:
        """Connect to a host; see ``Transport.connect``."""
        async with contextlib.AsyncExitStack() as stack:
            yield SshConnection(host, await self._reach(host, stack), self.config)

    async def _reach(
        self, host: Host, stack: contextlib.AsyncExitStack, *, before: tuple[str, ...] = ()
    ) -> asyncssh.SSHClientConnection:
        """Log in to a host, through others where ``ProxyJump`` says so."""
        if host.name in before:
            raise ConfigError(f"ProxyJump leads in a circle: {', '.join((*before, host.name))}")
        target = await read_target(host, self.config)
        through: asyncssh.SSHClientConnection | None = None
        for jump in target.jumps:
            if through is None:  # the nearest host may itself stand behind another
                through = await self._reach(jump, stack, before=(*before, host.name))
            else:
                through = await self._log_in(await read_target(jump, self.config), through, stack)
        return await self._log_in(target, through, stack)

    async def _log_in(
        self, target: Target, through: asyncssh.SSHClientConnection | None, stack: contextlib.AsyncExitStack
    ) -> asyncssh.SSHClientConnection:
        try:
            connection = await self._try_to_log_in(target, through)
        except _UnknownKeyError as unknown:
            await self._accept(target, unknown.key)
            connection = await self._try_to_log_in(target, through, accepted=unknown.key.public_data)
        stack.push_async_callback(_close, connection)
        return connection

    async def _try_to_log_in(
        self, target: Target, through: asyncssh.SSHClientConnection | None, *, accepted: bytes = b""
    ) -> asyncssh.SSHClientConnection:
        known = read_known_host(target)
        client: _Client | None = None
        try:
            async with asyncio.timeout(self.timeout) as limit:
                client = _Client(known, accepted, limit)
                options = build_login(target, known) | {"keepalive_interval": self.alive_seconds, "tunnel": through}
                return await asyncssh.connect(target.host.name, client_factory=lambda: client, **options)
        except asyncssh.HostKeyNotVerifiable as error:
            raise _explain_key(target, known, client.shown if client else None, error.reason) from None
        except asyncssh.PermissionDenied:
            raise await explain_refused(target) from None
        except (OSError, ValueError, asyncssh.Error) as error:
            spoken = client is not None and client.shown is not None
            raise explain_failure(target, error, timeout=self.timeout, spoken=spoken) from None

    async def _accept(self, target: Target, key: asyncssh.SSHKey) -> None:
        """Have a new key accepted, and remember it."""
        async with self._asking:
            if read_known_host(target).knows(key.public_data):  # by the answer for another connection
                return
            algorithm, fingerprint = key.get_algorithm(), key.get_fingerprint()
            if self.accept is None or not await ask(self.accept, target.host.name, algorithm, fingerprint):
                hint = hint_unknown(format_command(target.host, self.config))
                what = f"{target.host}: its key is not known on this machine: {algorithm} {fingerprint}"
                raise UnknownHostError(what, hint=hint)
            if target.user_known:
                with contextlib.suppress(OSError):  # as with ssh: it is asked about again
                    append_key(target.user_known[0], KnownKey(target.known_as, algorithm, key.public_data))


def build_login(target: Target, known: KnownHost) -> dict[str, Any]:
    """Return how asyncssh is to connect, as the arguments of its ``connect``."""
    trusted = tuple([key.format_key().encode() for key in keys] for keys in ((), known.authorities, known.revoked))
    options: dict[str, Any] = {
        "config": list(target.files),
        "known_hosts": trusted,
        "ignore_encrypted": True,
        "connect_timeout": None,  # the caller has one that ends before the login
        "keepalive_count_max": ALIVE_COUNT,
        "compression_algs": None,
        "x509_trusted_certs": None,
        "gss_kex": False,  # which needs no key of the host
        "agent_path": target.agent,
        "password_auth": False,
        "kbdint_auth": False,
    }
    if target.keys is not None:
        options["client_keys"] = list(target.keys) or ([] if target.agent else None)  # None: not even those of ~/.ssh
        options["client_certs"] = list(target.certificates)
    if "Ciphers" not in target.chosen:
        options["encryption_algs"] = _CIPHERS
    if "HostKeyAlgorithms" not in target.chosen:
        options["server_host_key_algs"] = known.list_algorithms()
    return options | login_options(target.host)


def _explain_key(target: Target, known: KnownHost, shown: asyncssh.SSHKey | None, reason: str) -> Exception:
    """Return the error for a key that is not the one that is known, or that nobody knows."""
    if shown is None:
        return RemoteError(
            f"{target.host}: its key is refused: {reason}", hint="see @cert-authority and @revoked in known_hosts"
        )
    if not known.exact:
        return _UnknownKeyError(shown)
    line = next((key for key in known.exact if key.algorithm == shown.get_algorithm()), known.exact[0])
    what = f"{target.host}: {CHANGED} (line {line.line} of {line.file}); it shows {shown.get_fingerprint()}"
    return RemoteError(what, hint=hint_changed(target.host, target.known_as, line.file))


async def _close(connection: asyncssh.SSHClientConnection) -> None:
    """Close a connection; one that was cut does not answer."""
    connection.close()
    try:
        async with asyncio.timeout(1):
            await connection.wait_closed()
    except TimeoutError:
        connection.abort()
