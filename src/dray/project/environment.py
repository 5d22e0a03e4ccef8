"""The environment variables that a build may depend on: all but those of the session, the terminal and the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_VOLATILE = frozenset(
    {
        "_",
        "COLUMNS",
        "DBUS_SESSION_BUS_ADDRESS",
        "DISPLAY",
        "GPG_AGENT_INFO",
        "GPG_TTY",
        "LINES",
        "OLDPWD",
        "PWD",
        "PYTEST_CURRENT_TEST",
        "SHLVL",
        "SSH_AGENT_PID",
        "SSH_AUTH_SOCK",
        "SSH_CLIENT",
        "SSH_CONNECTION",
        "SSH_TTY",
        "STY",
        "TERM",
        "TERM_SESSION_ID",
        "TMUX",
        "TMUX_PANE",
        "WINDOWID",
        "XAUTHORITY",
    }
)
_VOLATILE_PREFIXES = ("LC_TERMINAL", "XDG_SESSION", "VTE_", "ITERM_", "KITTY_")


def list_variables(environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the variables that count, sorted by name."""
    return sorted(
        (name, value)
        for name, value in environ.items()
        if name not in _VOLATILE and not name.startswith(_VOLATILE_PREFIXES)
    )
