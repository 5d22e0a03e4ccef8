"""Which transport reaches the hosts: one word of the configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from dray.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from dray.deploy.accept import Accept
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
        from dray.deploy.ssh import SshTransport  # noqa: PLC0415 - with its library it takes 0.4 s

        return SshTransport(config, accept=accept, timeout=timeout)
    raise ConfigError("hosts are reached by asyncssh, openssh or local", got=kind, choices=TRANSPORTS)
