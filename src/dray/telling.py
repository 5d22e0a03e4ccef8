"""Tells the steps that still stood before a pipeline that it failed, those among them that asked for it.

with teller.watch(stage, following, release):
    ...  # what goes wrong here is told to the steps that follow, and goes on its way
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dray.console import StepConsole
from dray.core.failure import Failure
from dray.core.pipeline import Pipeline
from dray.core.step_options import resolve_step
from dray.errors import DrayError, comes_of_interruption
from dray.limit import run_within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dray.console import PlainConsole
    from dray.core.context import Context
    from dray.core.pipeline import Stage
    from dray.core.release import Release
    from dray.core.step import Step
    from dray.core.step_options import Overrides
    from dray.progress import Relay

_LIMIT = 30.0
_LIMIT_INTERRUPTED = 3.0
"""Seconds for all steps together: who interrupts a program waits for its end."""


@dataclass(frozen=True, slots=True)
class Teller:
    """Watches over the stages of one run.

    Args:
        ctx: What every step gets.
        console: Where is said what came of telling.
        overrides: The values of ``--set``.
        relay: Hands on what steps say while they deploy.
        failures: What has failed so far: of parallel branches several can, and a stage fails with its innermost step.
    """

    ctx: Context
    console: PlainConsole
    overrides: Overrides
    relay: Relay
    failures: list[Failure] = field(default_factory=list)

    @contextlib.contextmanager
    def watch(self, stage: Stage, following: tuple[Stage, ...], release: Release) -> Iterator[None]:
        """Tell the steps that follow if what is done meanwhile fails.

        Args:
            stage: What is done.
            following: What is still to run, and will not.
            release: What the stage works on.
        """
        try:
            yield
        except BaseException as error:
            failure = next((known for known in self.failures if known.error is error), None)
            if failure is None:
                limit = _LIMIT_INTERRUPTED if comes_of_interruption(error) else _LIMIT
                failure = Failure(stage.name, error, release, limit, tuple(self.relay.advances.values()))
                self.failures.append(failure)
            with contextlib.suppress(KeyboardInterrupt):  # a further one ends the telling, not what went wrong
                self._tell(failure, following)
            raise

    def _tell(self, failure: Failure, following: tuple[Stage, ...]) -> None:
        began = self.ctx.clock.monotonic()
        for step in Pipeline(following).steps():
            left = failure.limit - (self.ctx.clock.monotonic() - began)
            if step.definition.on_failure is not None:
                self._tell_step(step, replace(failure, limit=max(left, 0.0)))

    def _tell_step(self, step: Step, failure: Failure) -> None:
        """Call what a step declared; what goes wrong with it must not hide what went wrong first."""
        console = StepConsole(self.console, step.name)
        ctx, clock = replace(self.ctx, console=console, told=self.relay.recall(step)), self.ctx.clock
        began = clock.monotonic()
        try:
            run_within(failure.limit, lambda: _call(step, failure, ctx, self.overrides))
        except TimeoutError:
            console.warn(f"{step.name}: gave up telling of the failure after {failure.limit:.3g} s")
        except DrayError as error:
            console.warn(f"{step.name}: {error.what}")
        except Exception as error:  # noqa: BLE001 - of a plugin, perhaps; its text may hold what nobody should see
            console.warn(f"{step.name}: telling of the failure failed: {type(error).__name__}")
        if console.results:
            self.console.end_step(step.name, clock.monotonic() - began, "; ".join(console.results))


def _call(step: Step, failure: Failure, ctx: Context, overrides: Overrides) -> None:
    options = resolve_step(step, ctx.settings, overrides)
    if step.definition.on_failure is not None:
        step.definition.on_failure(failure, ctx, *options.positional, **options.named)
