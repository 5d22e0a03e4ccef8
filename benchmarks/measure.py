"""Times programs side by side: in turns, so that a busy minute of the machine falls on both."""

from __future__ import annotations

import os
import re
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Work = Callable[[], float]

_FOREIGN = ("RELEASE_", "MIX_", "ERL_", "DRAY_", "PYTHON")


@dataclass(frozen=True)
class Program:
    """A program to run, and where.

    Args:
        argv: The command.
        cwd: Its working directory.
        env: Variables that it gets besides those of this process.
    """

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]

    def _run(self) -> subprocess.CompletedProcess[str]:
        env = environment(self.env)
        return subprocess.run(self.argv, cwd=self.cwd, env=env, capture_output=True, text=True, check=False)

    def succeeds(self) -> bool:
        """Run it to its end, and return whether that was good."""
        return self._run().returncode == 0

    def run(self) -> str:
        """Run it to its end, which must be good; return what it printed."""
        done = self._run()
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(self.argv)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def start(self) -> subprocess.Popen[str]:
        """Start it, to run beside others; what it prints, errors too, is for whoever waits for it."""
        env = environment(self.env)
        return subprocess.Popen(
            self.argv, cwd=self.cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def time(self) -> float:
        """Run it and return the seconds that it took."""
        started = time.perf_counter()
        self.run()
        return time.perf_counter() - started


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a measured program: this one's, without what steers Mix, releases and Python."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    return {**kept, **more}


def take_turns(works: Sequence[Work], *, runs: int, before: Callable[[], None] = lambda: None) -> tuple[float, ...]:
    """Return the median seconds of each piece of work.

    Args:
        works: What is measured; each returns the seconds that count.
        runs: How often each is done, after one round that does not count.
        before: What is done before each, and does not count.
    """
    taken: list[list[float]] = [[] for _ in works]
    for number in range(runs + 1):
        for work, seconds in zip(works, taken, strict=True):
            before()
            result = work()
            if number:
                seconds.append(result)
    return tuple(median(seconds) for seconds in taken)


def wait_for(condition: Callable[[], bool], what: str, *, limit: float = 20) -> None:
    """Wait until a condition holds, ``limit`` seconds at most."""
    until = time.monotonic() + limit
    while not condition():
        if time.monotonic() > until:
            raise RuntimeError(f"waited {limit} s for {what}")
        time.sleep(0.05)


def peak_memory(program: Program, *, counts: str) -> float:
    """Return the most memory, in MB, that a program and its children used at any moment.

    Memory that processes share counts once (``Pss`` of proc_pid_smaps(5)).

    Args:
        program: What is run.
        counts: Which of the processes count: a regular expression for the name of the executable.
    """
    process = subprocess.Popen(
        program.argv,
        cwd=program.cwd,
        env=environment(program.env),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    peak = 0.0
    ended = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not ended.is_set():
            peak = max(peak, sum(_pss(pid) for pid in _tree_of(process.pid) if re.search(counts, _executable(pid))))
            ended.wait(0.002)

    watcher = threading.Thread(target=watch)
    watcher.start()
    status = process.wait()
    ended.set()
    watcher.join()
    if status != 0:
        raise RuntimeError(f"{' '.join(program.argv)} ended with {status}")
    return peak


def _tree_of(root: int) -> list[int]:
    pids = [root]
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            pids += [int(child) for child in _read(task).split()]
    return pids


def _executable(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/exe").readlink().name
    except OSError:
        return ""


def _pss(pid: int) -> float:
    found = re.search(r"^Pss:\s+(\d+) kB", _read(Path(f"/proc/{pid}/smaps_rollup")), re.MULTILINE)
    return int(found[1]) * 1024 / 1e6 if found else 0.0


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:  # the process has ended
        return ""
