"""A limit to the time that something takes which may hang: a network, a program, the code of somebody else.

answer = run_within(3, lambda: ask(server))
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def run_within(seconds: float, work: Callable[[], T]) -> T:
    """Do something in a thread of its own, and do not wait for it longer than that.

    What is not done by then goes on unseen, and ends with the program at the latest.

    Args:
        seconds: How long to wait.
        work: What to do.

    Raises:
        TimeoutError: It takes longer.
        Exception: What the work raised.
    """
    returned: list[T] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            returned.append(work())
        except BaseException as error:  # noqa: BLE001 - it is raised where somebody waits for it
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(max(seconds, 0))
    if raised:
        raise raised[0]
    if not returned:
        raise TimeoutError(f"no end within {seconds:.3g} s")
    return returned[0]
