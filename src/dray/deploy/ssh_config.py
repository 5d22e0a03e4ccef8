"""What ``~/.ssh/config`` says of a host, as far as dray has to know it before it connects; ssh_config(5).

The rest (users, ciphers, agents, ``ProxyCommand`` and so on) the library asyncssh takes from the same files.
"""

from __future__ import annotations

import getpass
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import asyncssh

from dray.core.host import Host, parse_host
from dray.deploy.known_hosts import name_host
from dray.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

_USER_KNOWN = ("~/.ssh/known_hosts", "~/.ssh/known_hosts2")
_GLOBAL_KNOWN = ("/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2")
_DEFAULT_FILES = ("~/.ssh/config", "/etc/ssh/ssh_config")
_CHOICES = ("Ciphers", "HostKeyAlgorithms")
_TOKEN = re.compile("%(.)")
_DEFAULT_KEYS = ("id_ed25519_sk", "id_ecdsa_sk", "id_ed25519", "id_ecdsa", "id_rsa")


@dataclass(frozen=True, slots=True)
class Target:
    """A host, with what the configuration says of it.

    Args:
        host: The host.
        files: The files of the configuration.
        address: Where it is.
        port: The port of its ssh server.
        user: Whom to log in as.
        known_as: Its name in ``known_hosts``.
        plain_name: Its name there without the port, which ssh looks up next; empty where ``HostKeyAlias`` names it.
        user_known: The user's files of known hosts; the first one takes new keys.
        global_known: The machine's files of known hosts.
        jumps: The hosts to go through, the nearest first.
        keys: The files of keys that exist; nothing where the configuration names none.
        certificates: The files of certificates that exist.
        agent: The socket of the agent; empty for none.
        chosen: Which of the options that dray has a choice for the user has made one for.
    """

    host: Host
    files: tuple[str, ...]
    address: str
    port: int
    user: str
    known_as: str
    plain_name: str
    user_known: tuple[Path, ...]
    global_known: tuple[Path, ...]
    jumps: tuple[Host, ...]
    keys: tuple[str, ...] | None
    certificates: tuple[str, ...]
    agent: str
    chosen: frozenset[str]

    def list_keys(self) -> tuple[str, ...]:
        """Return the files of keys that are tried."""
        if self.keys is not None:
            return self.keys
        return _existing(f"~/.ssh/{name}" for name in _DEFAULT_KEYS)


async def read_target(host: Host, config: Path | None) -> Target:
    """Read what the configuration says of a host.

    Args:
        host: The host.
        config: The file instead of ``~/.ssh/config`` and ``/etc/ssh/ssh_config``.

    Raises:
        ConfigError: A file cannot be read, or is wrong.
    """
    files = (str(config),) if config else _existing(_DEFAULT_FILES)
    try:
        options = await asyncssh.SSHClientConnectionOptions.construct(
            None, host=host.name, config=list(files), client_keys=None, **login_options(host)
        )
    except (OSError, ValueError, asyncssh.Error) as error:
        raise ConfigError(
            f"the configuration of ssh for {host} cannot be read: {error}",
            hint='transport="openssh" reads all that ssh reads',
        ) from None
    alias = _text(options, "HostKeyAlias")
    return Target(
        host=host,
        files=files,
        address=options.host,
        port=options.port,
        user=options.username,
        known_as=alias or name_host(options.host, options.port),
        plain_name="" if alias else name_host(options.host, 0),
        user_known=_paths(options, "UserKnownHostsFile", _USER_KNOWN),
        global_known=_paths(options, "GlobalKnownHostsFile", _GLOBAL_KNOWN),
        jumps=_parse_jumps(_text(options, "ProxyJump"), host),
        keys=_keys(options, "IdentityFile"),
        certificates=_keys(options, "CertificateFile") or (),
        agent=_find_agent(cast("str | None", options.config.get("IdentityAgent", "SSH_AUTH_SOCK"))),
        chosen=frozenset(name for name in _CHOICES if options.config.get(name) is not None),
    )


def login_options(host: Host) -> dict[str, Any]:
    """Return the user and the port, where they are given, as asyncssh takes them."""
    user: dict[str, Any] = {"username": host.user} if host.user else {}
    port: dict[str, Any] = {"port": host.port} if host.port else {}
    return user | port


def _text(options: asyncssh.SSHClientConnectionOptions, name: str) -> str:
    return str(options.config.get(name) or "")


def _find_agent(given: str | None) -> str:
    """Return the socket that ``IdentityAgent`` says: a path, a variable that holds it, or none."""
    if given is None:
        return ""
    if given == "SSH_AUTH_SOCK" or given.startswith("$"):
        return os.environ.get(given.strip("${}"), "")
    return str(Path(given).expanduser())


def _paths(options: asyncssh.SSHClientConnectionOptions, name: str, default: tuple[str, ...]) -> tuple[Path, ...]:
    """Return the files that an option names."""
    given = cast("list[str] | None", options.config.get(name))
    return tuple(Path(_expand(text, options)).expanduser() for text in (default if given is None else given))


def _expand(text: str, options: asyncssh.SSHClientConnectionOptions) -> str:
    """Put values for tokens and variables, which asyncssh does for other options alone."""
    text = os.path.expandvars(text)
    if "%" not in text:
        return text
    values = {"d": str(Path.home()), "h": options.host, "n": options.orig_host, "p": str(options.port), "%": "%"}
    values |= {"r": options.username, "u": getpass.getuser(), "i": str(os.getuid())}
    return _TOKEN.sub(lambda found: values.get(found[1], found[0]), text)


def _keys(options: asyncssh.SSHClientConnectionOptions, name: str) -> tuple[str, ...] | None:
    given = cast("list[str] | None", options.config.get(name))
    return None if given is None else _existing(given)


def _existing(names: Iterable[str]) -> tuple[str, ...]:
    """Return the files that exist: as ssh does, dray passes over what is named and is not there."""
    paths = (Path(name).expanduser() for name in names)
    return tuple(str(path) for path in paths if path.is_file())


def _parse_jumps(text: str, host: Host) -> tuple[Host, ...]:
    """Return the hosts of ``ProxyJump``; one that ``Host *`` sends through itself is reached at once."""
    jumps = tuple(parse_host(part.strip().removeprefix("ssh://")) for part in text.split(",") if part.strip())
    return () if any(jump.name == host.name for jump in jumps) else jumps
