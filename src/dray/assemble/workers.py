"""Shares work among the machine's cores.

Reading, stripping, hashing and writing thousands of small files is bound by the interpreter, so threads do not help;
forked processes do, and cost a few milliseconds. Where forking is not safe (other threads run, or the system is
macOS) all is done here. Compressors work outside the interpreter: for them threads do.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkProcess

T = TypeVar("T")
R = TypeVar("R")

_MOST_WORKERS = 4
_WORTH_A_PROCESS = 150
_PARTS = 32
"""So many parts for each process: one that started late, or has a busy core, takes fewer of them."""


def map_parts(function: Callable[[Sequence[T]], R], items: Sequence[T]) -> list[R]:
    """Return what a function makes of each part of some items; other processes take parts of the work.

    Args:
        function: Takes a part. What it returns, and what it raises, must be picklable.
        items: All items; of n parts, each gets each n-th of them, the first one from the first item on, and so forth.

    Returns:
        What became of the parts, in their order.

    Raises:
        Exception: What the function raised in any process.
    """
    count = min(os.cpu_count() or 1, _MOST_WORKERS, max(1, len(items) // _WORTH_A_PROCESS))
    if count == 1 or threading.active_count() > 1 or sys.platform == "darwin":
        return [function(items)]
    import multiprocessing  # noqa: PLC0415 - 5 ms that only a large change pays

    fork = multiprocessing.get_context("fork")
    parts = [items[first :: count * _PARTS] for first in range(count * _PARTS)]
    turns = _deal(len(parts))
    workers: list[tuple[ForkProcess, Connection]] = []
    try:
        for _ in range(1, count):
            receiver, sender = fork.Pipe(duplex=False)
            receivers = [*(other for _, other in workers), receiver]
            process = fork.Process(target=_work, args=(function, parts, turns, sender, receivers), daemon=True)
            process.start()
            sender.close()
            workers.append((process, receiver))
        done = _work_on(function, parts, turns)
        for _, receiver in workers:
            done |= _receive(receiver)
    except BaseException:
        for process, _ in workers:
            process.kill()  # nobody asks for its work any more
        raise
    finally:
        os.close(turns)
        for process, receiver in workers:
            receiver.close()
            process.join(timeout=5)
    return [done[number] for number in range(len(parts))]


def map_threads(function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Yield what a function makes of each item, in their order, working on as many at once as there are cores.

    Args:
        function: Spends its time outside the interpreter, as compressors do.
        items: All items; they are asked for only a few ahead.
    """
    from concurrent.futures import Future, ThreadPoolExecutor  # noqa: PLC0415 - only where there is much to do

    count = min(os.cpu_count() or 1, _MOST_WORKERS)
    waiting: deque[Future[R]] = deque()
    with ThreadPoolExecutor(count) as pool:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > 2 * count:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _deal(count: int) -> int:
    """Return a pipe with the numbers from 0 on, a byte each; each is read by one process alone."""
    turns, dealer = os.pipe()
    os.write(dealer, bytes(range(count)))
    os.close(dealer)
    return turns


def _work_on(function: Callable[[Sequence[T]], R], parts: Sequence[Sequence[T]], turns: int) -> dict[int, R]:
    """Return what a function makes of the parts whose turn came here, by their numbers."""
    done = {}
    while turn := os.read(turns, 1):
        (number,) = turn
        done[number] = function(parts[number])
    return done


def _work(
    function: Callable[[Sequence[Any]], Any],
    parts: Sequence[Sequence[Any]],
    turns: int,
    sender: Connection,
    receivers: list[Connection],
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A fork has these, too: to send more than a pipe holds would never end where the one that asked is gone.
    for receiver in receivers:
        receiver.close()
    try:
        sender.send((True, _work_on(function, parts, turns)))
    except Exception as error:  # noqa: BLE001 - raised again where the work was given out
        sender.send((False, error))


def _receive(receiver: Connection) -> Any:
    try:
        done, value = receiver.recv()
    except EOFError:
        raise OSError("a worker process was ended") from None
    if not done:
        raise value
    return value
