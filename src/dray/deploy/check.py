"""When a host is well: a URL that answers, an expression of Elixir that is true, a command that succeeds.

>>> parse_check("http://localhost:4000/health")
Check(kind='http', what='http://localhost:4000/health')
"""

from __future__ import annotations

from dataclasses import dataclass

from dray.errors import ConfigError

_ELIXIR = "elixir:"


@dataclass(frozen=True, slots=True)
class Check:
    """What a host is asked.

    Args:
        kind: ``http``, ``expression`` or ``command``; ``ready`` for what the launcher says.
        what: The URL, the expression, or the command line, run in the release's folder.
    """

    kind: str
    what: str = ""

    def __str__(self) -> str:
        return self.what or self.kind


READY = Check("ready")


def parse_check(text: str) -> Check:
    """Return the check that a text of the configuration means.

    Raises:
        ConfigError: It is empty, or has more than one line.
    """
    plain = text.strip()
    if not plain or "\n" in plain:
        raise ConfigError("fleet: a check is a URL, elixir:EXPRESSION or a command, on one line", got=repr(text))
    if plain.startswith(("http://", "https://")):
        return Check("http", plain)
    if plain.startswith(_ELIXIR):
        return Check("expression", plain.removeprefix(_ELIXIR).strip())
    return Check("command", plain)
