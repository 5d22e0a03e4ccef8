"""Which options of ``~/.ssh/config`` matter for a host and are not honoured by the transport ``asyncssh``.

``ssh -G`` says what is in force, with ``Include``, ``Match`` and all; what ssh would do without any file is no news.

    list_unread_options(None, parse_host("web1"))  # ('StrictHostKeyChecking no',)
"""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

from dray.deploy.hints import build_options

if TYPE_CHECKING:
    from pathlib import Path

    from dray.core.host import Host

_UNREAD = (
    "BindInterface",
    "CanonicalizeHostname",
    "HostbasedAuthentication",
    "KnownHostsCommand",
    "ProxyUseFdpass",
    "PubkeyAcceptedAlgorithms",
    "RequiredRSASize",
    "RevokedHostKeys",
    "SecurityKeyProvider",
    "StrictHostKeyChecking",
    "VerifyHostKeyDNS",
)
"""What decides whether a host is reached, or whether its key is right; ports to forward and the like are left out."""

_STRICT = {"true", "yes", "ask"}  # as dray does it
_SECONDS = 10


def list_unread_options(config: Path | None, host: Host, program: tuple[str, ...] = ("ssh",)) -> tuple[str, ...]:
    """Return the options, with their values, that ``transport="openssh"`` would honour and ``asyncssh`` does not.

    Args:
        config: The file instead of ``~/.ssh/config``.
        host: The host.
        program: What stands for ``ssh``; without it, nothing is found.
    """
    given = _read_options((*program, *build_options(host, config)), host)
    plain = _read_options((*program, "-F", "none"), host)
    return tuple(
        f"{name} {given[name.lower()]}"
        for name in _UNREAD
        if given.get(name.lower(), plain.get(name.lower())) != plain.get(name.lower())
        and not (name == "StrictHostKeyChecking" and given[name.lower()] in _STRICT)
    )


def _read_options(ssh: tuple[str, ...], host: Host) -> dict[str, str]:
    argv = (*ssh, "-G", host.name)
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, check=False, text=True, timeout=_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return {}
    return dict(re.findall(r"^(\S+) (.*)$", done.stdout, re.MULTILINE))
