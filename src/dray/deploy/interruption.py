"""What Ctrl-C means while hosts are worked with: dray ends, and a host finishes what it is at."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")

_HINT = "a host finishes what it is at, and begins nothing else; dray status says what runs there"


def run_with_hosts(
    work: Coroutine[Any, Any, T], loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None
) -> T:
    """Do work with hosts; an interruption of it says what became of them.

    Args:
        work: The work.
        loop_factory: Returns the loop that the work is done in, and that is closed in the end; without it, a new one.
    """
    try:
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            return runner.run(work)
    except KeyboardInterrupt as interruption:
        interruption.add_note(_HINT)
        raise
