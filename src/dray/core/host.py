"""One machine that a release is deployed to.

    parse_host("deploy@web1.shop.example:2222")  # Host("web1.shop.example", user="deploy", port=2222)

Whatever is not said here, ``~/.ssh/config`` says: the name may be an alias of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from dray.errors import ConfigError

_NAME = r"[A-Za-z0-9_][A-Za-z0-9._-]*"
_HOST = re.compile(rf"(?:({_NAME})@)?({_NAME}|\[[0-9A-Fa-f:.]+\])(?::(\d+))?")


@dataclass(frozen=True, slots=True, order=True)
class Host:
    """A machine, as ssh finds it.

    Args:
        name: Its name, address, or alias in ``~/.ssh/config``.
        user: Whom to log in as; empty for whom ssh would take.
        port: The port of its ssh server; 0 for the one that ssh would take.
    """

    name: str
    user: str = ""
    port: int = 0

    def __str__(self) -> str:
        return self.name


def is_host(text: str) -> bool:
    """Tell whether ``parse_host`` takes a text."""
    try:
        parse_host(text)
    except ConfigError:
        return False
    return True


def parse_host(text: str) -> Host:
    """Return the host of ``[USER@]NAME[:PORT]``; an IPv6 address stands in brackets where a port follows.

    Raises:
        ConfigError: It is something else.
    """
    found = _HOST.fullmatch(text)
    port = int(found[3] or 0) if found else 0
    if found is None or port > 65535:
        raise ConfigError("a host is written [USER@]NAME[:PORT]", got=text)
    return Host(found[2].strip("[]"), found[1] or "", port)
