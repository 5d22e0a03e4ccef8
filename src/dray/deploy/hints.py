"""What the errors of both ssh transports have in common: the commands that they say to type."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from dray.core.host import Host

CHANGED = "its key is not the one that is known: the host was set up anew, or someone else answers in its place"
"""What happened where a host shows another key than before."""


def format_command(host: Host, config: Path | None = None) -> str:
    """Return the command by which a person logs in to a host."""
    return shlex.join(("ssh", *build_options(host, config), host.name))


def build_options(host: Host, config: Path | None) -> tuple[str, ...]:
    """Return the options of ``ssh`` that say which host is meant; see ssh(1)."""
    file = ("-F", str(config)) if config else ()
    user = ("-l", host.user) if host.user else ()
    port = ("-p", str(host.port)) if host.port else ()
    return (*file, *user, *port)


def hint_changed(host: Host, known_as: str, file: str = "") -> str:
    """Return what to do about a key that has changed.

    Args:
        host: The host.
        known_as: Its name in the file, as ``ssh-keygen -R`` takes it.
        file: The file where it is not ``~/.ssh/known_hosts``.
    """
    named = ("-f", file) if file else ()
    remove = shlex.join(("ssh-keygen", "-R", known_as, *named))
    return f"ask whoever runs {host} for its fingerprint; if the new key is right: {remove}"


def hint_unknown(command: str) -> str:
    """Return how a host becomes known."""
    return f"compare its fingerprint with what whoever runs it says, and accept it once: {command}"


def hint_refused(command: str, *, passphrases: tuple[str, ...] = ()) -> str:
    """Return what to do where the user is refused.

    Args:
        command: The command that logs in.
        passphrases: Files of keys that could not be used, for they have a passphrase.
    """
    if passphrases:
        return f"dray asks for no passphrase, the agent does: ssh-add {shlex.join(passphrases)}"
    return f"see which keys are offered: {command.replace('ssh', 'ssh -v', 1)}; a key with a passphrase: ssh-add FILE"


def hint_silent(command: str) -> str:
    """Return what to do where nothing answers."""
    return f"is it on, and does a firewall let this machine through? {command}"
