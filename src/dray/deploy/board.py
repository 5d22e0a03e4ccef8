"""What people see of a deployment while it lasts: a line for each host, in one table where the terminal can show it.

In a log, a line is written whenever a host gets on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dray.core.context import Clock, Console

CONNECTING = "connecting"
"""What every host begins with: a log need not say it."""


@dataclass
class Board:
    """The hosts and what each is at.

    Args:
        console: Where it is shown.
        clock: Tells the time.
    """

    console: Console
    clock: Clock
    lines: dict[str, tuple[str, str]] = field(default_factory=dict)

    def set(self, host: str, phase: str, detail: str = "") -> None:
        """Say what a host is at.

        Args:
            host: Its name.
            phase: A word or two.
            detail: What else there is to say.
        """
        if self.lines.get(host) == (phase, detail):
            return
        self.lines[host] = (phase, detail)
        width = max(len(name) for name in self.lines)
        if phase != CONNECTING:
            self.console.note(f"{host:<{width}}  {phase:<12} {detail}".rstrip())
        self.console.progress("\n".join(("", *self._table(width))))
        now = round(self.clock.now(), 3)
        self.console.event({"time": now, "host": host, "phase": phase, "detail": detail})

    def detail(self, host: str, detail: str) -> None:
        """Say more of what a host is at, where the terminal can show it."""
        phase, _ = self.lines.get(host, ("", ""))
        self.lines[host] = (phase, detail)
        self.console.progress("\n".join(("", *self._table(max(len(name) for name in self.lines)))))

    def _table(self, width: int) -> list[str]:
        return [
            f"  {host:<{width}}  {phase:<12} {detail}"[:100].rstrip() for host, (phase, detail) in self.lines.items()
        ]
