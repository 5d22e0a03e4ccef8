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


def explain_failure(target: Target, error: Exception, *, timeout: float) -> RemoteError:
    """Return the error for a host that cannot be connected to.

    Args:
        target: The host.
        error: What was raised.
        timeout: How many seconds the host had.
    """
    host, port, command = target.host, target.port, format_command(target.host)
    if isinstance(error, socket.gaierror):
        what = f"{host}: its name cannot be resolved: {target.address}"
        return RemoteError(what, hint="mistyped? HostName in ~/.ssh/config can say where it is")
    if isinstance(error, TimeoutError):
        return RemoteError(f"{host} does not answer on port {port} within {timeout:g} s", hint=hint_silent(command))
    if isinstance(error, ConnectionRefusedError):
        hint = "is sshd running there, and on this port? USER@HOST:PORT names another"
        return RemoteError(f"{host} refuses the connection to port {port}", hint=hint)
    if isinstance(error, asyncssh.ProtocolError | asyncssh.ProtocolNotSupported):
        hint = f"is sshd on another port? USER@HOST:PORT; try: {command}"
        return RemoteError(f"what answers on port {port} of {host} is no ssh: {error.reason}", hint=hint)
    if isinstance(error, asyncssh.KeyExchangeFailed):
        return RemoteError(f"{host} and dray have no algorithm in common: {error.reason}", hint=_OTHER)
    if isinstance(error, asyncssh.ChannelOpenError):
        return RemoteError(f"{host} cannot be reached through its ProxyJump: {error.reason}", hint=f"try: {command}")
    if isinstance(error, asyncssh.ConnectionLost | ConnectionResetError):
        hint = f"sshd's MaxStartups may be reached: fewer hosts at once; try: {command}"
        return RemoteError(f"{host} closed the connection before the login was done", hint=hint)
    if isinstance(error, asyncssh.DisconnectError):
        return RemoteError(f"{host} ended the connection: {error.reason}", hint=f"try: {command}")
    if isinstance(error, asyncssh.KeyImportError | asyncssh.KeyEncryptionError):
        return RemoteError(f"{host}: a key cannot be read: {error}", hint=f"see IdentityFile; try: {command}")
    reason = getattr(error, "strerror", None) or str(error)
    return RemoteError(f"{host} cannot be reached: {reason}", hint=hint_silent(command))


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
