"""Which transport reaches the hosts: one word of the configuration."""

from __future__ import annotations

import contextlib
import ctypes.util
from typing import TYPE_CHECKING, Literal, get_args

from dray.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dray.deploy.accept import Accept
    from dray.deploy.ssh import SshTransport
    from dray.deploy.transport import Transport

TransportKind = Literal["asyncssh", "openssh", "local"]
TRANSPORTS: tuple[str, ...] = get_args(TransportKind)


def open_transport(
    kind: str = "asyncssh", *, config: Path | None = None, accept: Accept | None = None, timeout: float = 10.0
) -> Transport:
    """Return the transport of a name.

    Args:
        kind: ``asyncssh``, ``openssh`` or ``local``.
        config: The file instead of ``~/.ssh/config``.
        accept: Asked about a host whose key is not known; without it, and with ``openssh``, such a host is refused.
        timeout: How many seconds a host has to answer.

    Raises:
        ConfigError: There is no such transport.
    """
    if kind == "local":
        from dray.deploy.local import LocalTransport  # noqa: PLC0415 - each is loaded where it is used

        return LocalTransport()
    if kind == "openssh":
        from dray.deploy.openssh import OpenSshTransport  # noqa: PLC0415

        return OpenSshTransport(config, timeout=timeout)
    if kind == "asyncssh":
        return load_asyncssh()(config, accept=accept, timeout=timeout)
    raise ConfigError("hosts are reached by asyncssh, openssh or local", got=kind, choices=TRANSPORTS)


def load_asyncssh() -> type[SshTransport]:
    """Return the transport ``asyncssh``, whose library takes 0.2 s to load."""
    with _found_no_libraries():
        from dray.deploy.ssh import SshTransport  # noqa: PLC0415

    return SshTransport


@contextlib.contextmanager
def _found_no_libraries() -> Iterator[None]:
    """Let nobody look for libraries of the system while the block lasts.

    asyncssh looks for liboqs and nettle, by gcc and ldconfig, which takes 30 ms. It does not need them: what they add
    are UMAC, and an exchange of keys beside which every OpenSSH that has it offers others.
    """
    find = ctypes.util.find_library
    ctypes.util.find_library = lambda name: None  # noqa: ARG005 - the name of the argument is that of the original
    try:
        yield
    finally:
        ctypes.util.find_library = find
