"""Pipelines: steps joined with the pipe operator, as values.

Nothing runs while a pipeline is written. It can be listed, changed and run by whoever holds it::

    build = release("shop") | assemble() | tar()
    build.without("tar")
    build.before("tar", overlay("rel/extra"))
    build.replace("tar", signed_tar())
    build | parallel(deb(), oci())
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from dray.core.step import Step, StepDefinition, as_step, caller_location
from dray.errors import ConfigError, Location

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True, slots=True)
class Parallel:
    """Pipelines that run side by side, each from the same release."""

    branches: tuple[Pipeline, ...]
    location: Location | None

    @property
    def name(self) -> str:
        """What it is called in a plan."""
        return "parallel"

    def __or__(self, other: Pipeable) -> Pipeline:
        return Pipeline((self,)) | other


Stage: TypeAlias = Step | Parallel


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Stages that run one after the other, each on the release that the one before returned."""

    stages: tuple[Stage, ...]

    def __or__(self, other: Pipeable) -> Pipeline:
        return Pipeline(self.stages + as_pipeline(other).stages)

    def __ror__(self, other: Pipeable) -> Pipeline:
        return as_pipeline(other) | self

    def steps(self) -> Iterator[Step]:
        """Yield every step, those of parallel branches too, in the order in which they are written."""
        for stage in self.stages:
            if isinstance(stage, Step):
                yield stage
            else:
                for branch in stage.branches:
                    yield from branch.steps()

    def without(self, name: str) -> Pipeline:
        """Return the pipeline without the steps of this name."""
        return self._change(name, lambda _: ())

    def replace(self, name: str, step: Pipeable) -> Pipeline:
        """Return the pipeline with the steps of this name replaced."""
        stages = as_pipeline(step).stages
        return self._change(name, lambda _: stages)

    def before(self, name: str, step: Pipeable) -> Pipeline:
        """Return the pipeline with a step before each step of this name."""
        stages = as_pipeline(step).stages
        return self._change(name, lambda found: (*stages, found))

    def after(self, name: str, step: Pipeable) -> Pipeline:
        """Return the pipeline with a step after each step of this name."""
        stages = as_pipeline(step).stages
        return self._change(name, lambda found: (found, *stages))

    def _change(self, name: str, change: Callable[[Step], tuple[Stage, ...]]) -> Pipeline:
        names = tuple(dict.fromkeys(step.name for step in self.steps()))
        if name not in names:
            raise ConfigError(
                f"the pipeline has no step {name!r}; it has: {', '.join(names)}",
                got=name,
                choices=names,
                location=caller_location(),
            )
        return self._rewrite(name, change)

    def _rewrite(self, name: str, change: Callable[[Step], tuple[Stage, ...]]) -> Pipeline:
        stages: list[Stage] = []
        for stage in self.stages:
            if isinstance(stage, Parallel):
                branches = tuple(
                    branch._rewrite(name, change)  # noqa: SLF001 - its own kind
                    for branch in stage.branches
                )
                kept = tuple(branch for branch in branches if branch.stages)
                stages += [Parallel(kept, stage.location)] if kept else []
            else:
                stages += change(stage) if stage.name == name else (stage,)
        return Pipeline(tuple(stages))


Pipeable: TypeAlias = "Pipeline | Step | Parallel | Callable[..., Any]"


def as_pipeline(value: Pipeable) -> Pipeline:
    """Return a step, a function or a pipeline as a pipeline.

    Raises:
        ConfigError: It is none of them.
    """
    if isinstance(value, Pipeline):
        return value
    if isinstance(value, Step | Parallel):
        return Pipeline((value,))
    if isinstance(value, StepDefinition):
        return Pipeline((value(),))
    if callable(value):
        return Pipeline((as_step(value),))
    raise ConfigError("a pipeline is made of steps and functions", got=repr(value), location=caller_location())


def parallel(*branches: Pipeable) -> Parallel:
    """Run steps or pipelines side by side on the same release.

    The branches make artifacts, which are gathered; none of them may change what is in the release.

    Args:
        branches: The steps or pipelines.

    Raises:
        ConfigError: There is none.
    """
    if not branches:
        raise ConfigError("parallel() takes at least one step", location=caller_location())
    return Parallel(tuple(as_pipeline(branch) for branch in branches), caller_location())
