"""Why asyncssh could not connect to a host, in words of a person, and what to type next."""

from __future__ import annotations

import base64
import contextlib
import re
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import asyncssh

from dray.deploy.hints import format_command, hint_refused, hint_silent
from dray.errors import RemoteError

if TYPE_CHECKING:
    from dray.deploy.ssh_config import Target

_OTHER = 'transport="openssh" takes the program ssh instead, which may know more'
_PEM = re.compile(rb"-----BEGIN OPENSSH PRIVATE KEY-----(.+?)-----END", re.DOTALL)
_PLAIN = b"openssh-key-v1\0\0\0\0\4none"


async def explain_refused(target: Target) -> RemoteError:
    """Return the error for a host that does not let a user in: which keys were tried, and which could not be."""
    offered = await _list_agent(target.agent)
    files = target.list_keys()
    locked = tuple(file for file in files if is_encrypted(Path(file)))
    tried = [*(file for file in files if file not in locked), *(f"{name} (agent)" for name, _ in offered)]
    blobs = {blob for _, blob in offered}
    missing = tuple(file for file in locked if _read_public(Path(f"{file}.pub")) not in blobs)
    told = f"it was offered {', '.join(tried)}" if tried else "there was no key to offer"
    hint = hint_refused(format_command(target.host), passphrases=missing)
    return RemoteError(f"{target.host} refuses the user {target.user}: {told}", hint=hint)


def explain_failure(target: Target, error: Exception, *, timeout: float, spoken: bool = False) -> RemoteError:
    """Return the error for a host that cannot be connected to.

    Args:
        target: The host.
        error: What was raised.
        timeout: How many seconds the host had.
        spoken: Whether it had shown its key, so that ssh it was.
    """
    host, command = target.host, format_command(target.host)
    if isinstance(error, asyncssh.DisconnectError | asyncssh.ChannelOpenError):
        return _explain_ended(target, error, spoken=spoken)
    if isinstance(error, socket.gaierror):
        what = f"{host}: its name cannot be resolved: {target.address}"
        return RemoteError(what, hint="mistyped? HostName in ~/.ssh/config can say where it is")
    if isinstance(error, TimeoutError):
        what = f"{host} does not answer on port {target.port} within {timeout:g} s"
        return RemoteError(what, hint=hint_silent(command))
    if isinstance(error, ConnectionRefusedError):
        hint = "is sshd running there, and on this port? USER@HOST:PORT names another"
        return RemoteError(f"{host} refuses the connection to port {target.port}", hint=hint)
    if isinstance(error, ConnectionResetError):
        return _explain_closed(target)
    if isinstance(error, asyncssh.KeyImportError | asyncssh.KeyEncryptionError):
        return RemoteError(f"{host}: a key cannot be read: {error}", hint=f"see IdentityFile; try: {command}")
    reason = getattr(error, "strerror", None) or str(error)
    return RemoteError(f"{host} cannot be reached: {reason}", hint=hint_silent(command))


def _explain_ended(
    target: Target, error: asyncssh.DisconnectError | asyncssh.ChannelOpenError, *, spoken: bool
) -> RemoteError:
    """Return the error for a connection that one of both sides has ended."""
    host, port, reason, again = target.host, target.port, error.reason, f"try: {format_command(target.host)}"
    if isinstance(error, asyncssh.ChannelOpenError):
        return RemoteError(f"{host} cannot be reached through its ProxyJump: {reason}", hint=again)
    if isinstance(error, asyncssh.KeyExchangeFailed):
        return RemoteError(f"{host} and dray have no algorithm in common: {reason}", hint=_OTHER)
    if isinstance(error, asyncssh.ConnectionLost):
        return _explain_closed(target)
    if spoken and isinstance(error, asyncssh.ProtocolError):  # which is what sshd calls too many keys
        hint = "are there many keys in the agent? IdentityFile with IdentitiesOnly yes chooses one"
        return RemoteError(f"{host} ended the login: {reason}", hint=hint)
    if isinstance(error, asyncssh.ProtocolError | asyncssh.ProtocolNotSupported):
        hint = f"is sshd on another port? USER@HOST:PORT; {again}"
        return RemoteError(f"what answers on port {port} of {host} is no ssh: {reason}", hint=hint)
    return RemoteError(f"{host} ended the connection: {reason}", hint=again)


def _explain_closed(target: Target) -> RemoteError:
    hint = f"sshd's MaxStartups may be reached: fewer hosts at once; try: {format_command(target.host)}"
    return RemoteError(f"{target.host} closed the connection before the login was done", hint=hint)


def is_encrypted(file: Path) -> bool:
    """Tell whether a private key has a passphrase; what cannot be read has none."""
    try:
        data = file.read_bytes()
    except OSError:
        return False
    found = _PEM.search(data)
    if found is None:
        return b"ENCRYPTED" in data
    try:
        return not base64.b64decode(found[1]).startswith(_PLAIN)
    except ValueError:
        return False


def _read_public(file: Path) -> bytes:
    with contextlib.suppress(OSError, asyncssh.KeyImportError):
        return asyncssh.read_public_key(file).public_data
    return b""


async def _list_agent(path: str) -> tuple[tuple[str, bytes], ...]:
    """Return the names of the agent's keys, and the keys."""
    if not path:
        return ()
    with contextlib.suppress(OSError, ValueError, asyncssh.Error):
        async with await asyncssh.connect_agent(path) as agent:
            keys = await agent.get_keys()
            return tuple((key.get_comment() or key.get_algorithm(), key.public_data) for key in keys)
    return ()
