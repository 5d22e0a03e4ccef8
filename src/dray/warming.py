"""Lets steps get ready before their turn, in threads of their own: while the project compiles, or at least meanwhile.

warming = Warming(ctx, pipeline, overrides)
warming.begin()
warming.take(step)  # what it has got ready
warming.close()
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

from dray.core.step_options import resolve_step

if TYPE_CHECKING:
    from dray.core.context import Context
    from dray.core.pipeline import Pipeline
    from dray.core.step import Step
    from dray.core.step_options import Overrides

_PATIENCE = 2.0
"""Seconds that the end of a pipeline waits for what a step is still getting ready."""


class Warming:
    """What the steps of a pipeline get ready.

    Args:
        ctx: What every step gets.
        pipeline: The steps, whose options are checked.
        overrides: The values of ``--set``.
    """

    def __init__(self, ctx: Context, pipeline: Pipeline, overrides: Overrides) -> None:
        self._ctx = ctx
        self._overrides = overrides
        self._waiting = [step for step in pipeline.steps() if step.definition.warm_up is not None]
        self._begun: list[_Readying] = []
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Let the steps begin; whoever says it again is not heard."""
        with self._lock:
            while self._waiting:
                self._begun.append(_Readying(self._waiting.pop(0), self._ctx, self._overrides))

    def take(self, step: Step) -> Any:
        """Return what a step has got ready, as soon as it has; None where it has not begun, or failed."""
        found = next((readying for readying in self._begun if readying.step is step), None)
        return found.wait(None) if found else None

    def close(self) -> None:
        """Close what was got ready, as far as it can be closed."""
        with self._lock:
            self._waiting = []
        for readying in self._begun:
            with contextlib.suppress(Exception):
                getattr(readying.wait(_PATIENCE), "close", _do_nothing)()


class _Readying:
    """A step that gets ready."""

    def __init__(self, step: Step, ctx: Context, overrides: Overrides) -> None:
        self.step = step
        self._value: Any = None
        self._thread = threading.Thread(target=self._run, args=(ctx, overrides), daemon=True, name=step.name)
        self._thread.start()

    def _run(self, ctx: Context, overrides: Overrides) -> None:
        warm_up = self.step.definition.warm_up
        options = resolve_step(self.step, ctx.settings, overrides)
        with contextlib.suppress(Exception):  # the step itself says what is wrong
            self._value = warm_up(ctx, *options.positional, **options.named) if warm_up else None

    def wait(self, seconds: float | None) -> Any:
        self._thread.join(seconds)
        return self._value


def _do_nothing() -> None: ...
