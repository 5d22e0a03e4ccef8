"""Hands on what a step says while it deploys, to the steps behind it that asked for it.

with relay.listen(step, following, release) as announce:
    ...  # what is announced meanwhile is handed on

That happens in a thread of its own: no host waits for somebody who is told of it. Who is slow hears the newest only,
and once the step has ended, nothing any more: what came of it is told by others.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dray.console import StepConsole
from dray.core.pipeline import Pipeline
from dray.core.progress import Progress
from dray.core.step_options import resolve_step
from dray.errors import DrayError, comes_of_interruption

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dray.console import PlainConsole
    from dray.core.context import Context
    from dray.core.pipeline import Stage
    from dray.core.progress import Advance
    from dray.core.release import Release
    from dray.core.step import Step
    from dray.core.step_options import Overrides

_LIMIT = 5.0
_LIMIT_INTERRUPTED = 1.0
"""Seconds that what was begun to be told may take when the step has ended."""

_PAUSE = 2.0
"""Seconds between two tellings: Slack changes a message about 50 times a minute, and nobody reads faster."""


@dataclass(frozen=True, slots=True)
class Relay:
    """Hands on what the steps of one run say.

    Args:
        ctx: What every step gets.
        console: Where is said what went wrong.
        overrides: The values of ``--set``.
        told: What ``on_progress`` of each step has returned last, by the identity of the step.
        advances: What was said last of each rollout, by step and fleet.
        lock: Held while steps are told: of two rollouts side by side, one waits until the message of the other is
            known, which then is changed and not written a second time.
    """

    ctx: Context
    console: PlainConsole
    overrides: Overrides
    told: dict[int, str] = field(default_factory=dict)
    advances: dict[tuple[str, str], Advance] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @contextlib.contextmanager
    def listen(
        self, step: Step, following: tuple[Stage, ...], release: Release
    ) -> Iterator[Callable[[Advance], None]]:
        """Hand on what a step says; return the function by which it does.

        Args:
            step: The step.
            following: What is still to run.
            release: What the step works on.
        """
        listeners = find_listeners(following)
        line = _Line(lambda: self._tell_all(listeners, step, release, line))

        def announce(advance: Advance) -> None:
            self.advances[step.name, advance.rollout.fleet] = advance
            if listeners:
                line.wake()

        limit = _LIMIT
        try:
            yield announce
        except BaseException as error:
            limit = _LIMIT_INTERRUPTED if comes_of_interruption(error) else _LIMIT
            raise
        finally:
            if not line.close(limit):
                self.console.warn(f"{step.name}: gave up telling how far it is after {limit:.3g} s")

    def recall(self, step: Step) -> str:
        """Return what ``on_progress`` of a step has returned last."""
        return self.told.get(id(step), "")

    def _tell_all(self, listeners: tuple[Step, ...], step: Step, release: Release, line: _Line) -> None:
        with self.lock:
            for listener in listeners:
                if not line.is_closed:
                    so_far = Progress(step.name, release, tuple(self.advances.values()), _LIMIT)
                    self._tell(listener, so_far)

    def _tell(self, step: Step, so_far: Progress) -> None:
        """Call what a step declared; what goes wrong with it must not touch what it speaks of."""
        console = _OnceConsole(self.console, step.name)
        ctx = replace(self.ctx, console=console, told=self.recall(step))
        try:
            options = resolve_step(step, ctx.settings, self.overrides)
            if step.definition.on_progress is not None:
                told = step.definition.on_progress(so_far, ctx, *options.positional, **options.named)
                self.told[id(step)] = told or ctx.told
        except DrayError as error:
            console.warn(f"{step.name}: {error.what}")
        except Exception as error:  # noqa: BLE001 - of a plugin, perhaps; its text may hold what nobody should see
            console.warn(f"{step.name}: telling of the progress failed: {type(error).__name__}")


def find_listeners(following: tuple[Stage, ...]) -> tuple[Step, ...]:
    """Return the steps that are told: the next ones that asked for it and stand side by side.

    So ``ssh("canary") | slack() | ssh("web") | slack()`` makes two messages: the second step hears of ``web`` only.
    """
    waiting = itertools.dropwhile(lambda step: not _listens(step), Pipeline(following).steps())
    return tuple(itertools.takewhile(_listens, waiting))


def _listens(step: Step) -> bool:
    return step.definition.on_progress is not None


class _OnceConsole(StepConsole):
    """A console on which a warning is said once: whoever is told often fails often."""

    def warn(self, text: str) -> None:
        """Say something that the user should look into."""
        if text not in self.base.warnings:
            super().warn(text)


class _Line:
    """A thread that works whenever it is woken, and rests a while in between; it is started by the first waking.

    Args:
        work: What it does.
    """

    def __init__(self, work: Callable[[], None]) -> None:
        self.is_closed = False
        self._work = work
        self._is_woken = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """Let it work, once more if it does already."""
        with self._changed:
            self._is_woken = True
            self._changed.notify_all()
            if self._thread is None and not self.is_closed:
                self._thread = threading.Thread(target=self._run, daemon=True)
                self._thread.start()

    def close(self, seconds: float) -> bool:
        """Let it begin nothing any more, and tell whether it ended within this time."""
        with self._changed:
            self.is_closed = True
            self._changed.notify_all()
        if self._thread is None:
            return True
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._is_woken or self.is_closed)
                if self.is_closed:
                    return
                self._is_woken = False
            self._work()
            with self._changed:
                self._changed.wait_for(lambda: self.is_closed, _PAUSE)
