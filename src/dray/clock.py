"""Tells the time: the real ``Clock`` of ``dray.core.context``."""

from __future__ import annotations

import time


class SystemClock:
    """The clock of this machine."""

    def now(self) -> float:
        """Return the seconds since 1970."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds that only grow."""
        return time.perf_counter()
