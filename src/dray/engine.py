"""Runs pipelines: resolves options, runs the steps one after the other, keeps the tree on disk equal to the release.

What a step raises that is no error of dray's becomes one, with the user's line and what to do about it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dray.config.reader import describe_exception, find_user_line
from dray.console import StepConsole
from dray.core.pipeline import Parallel
from dray.core.release import Release
from dray.core.settings import OTHER_SECTIONS
from dray.core.step import Step
from dray.core.step_options import resolve_step, validate_section
from dray.errors import ConfigError, DrayError, Location, PluginError, StepError
from dray.progress import Relay
from dray.telling import Teller
from dray.warming import Warming

if TYPE_CHECKING:
    from pathlib import Path

    from dray.assemble.tree import TreeChange
    from dray.console import PlainConsole
    from dray.core.context import Context
    from dray.core.pipeline import Pipeline, Stage
    from dray.core.settings import Settings
    from dray.core.step_options import Overrides


@dataclass(frozen=True, slots=True)
class StepTiming:
    """How long a step took, in seconds."""

    name: str
    seconds: float


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run made, and how long each step took."""

    release: Release
    steps: tuple[StepTiming, ...]


@dataclass(frozen=True, slots=True)
class Engine:
    """Runs pipelines in one context.

    Args:
        ctx: What every step gets; its console is replaced by one of the step's own.
        console: Where steps are announced.
        overrides: The values of ``--set``.
        known: The steps and releases in all pipelines of the configuration: ``config(...)`` may speak of these.
        warming: What the steps of the pipeline that runs get ready.
    """

    ctx: Context
    console: PlainConsole
    overrides: Overrides
    known: frozenset[str] = frozenset()
    warming: Warming | None = None

    def run(self, pipeline: Pipeline) -> RunResult:
        """Run a pipeline from the beginning.

        Raises:
            ConfigError: An option is unknown, of the wrong type, or missing; nothing has run.
            DrayError: A step failed; what it had not begun is untouched, and the steps behind it that asked for it
                have been told.
        """
        for step in pipeline.steps():
            resolve_step(step, self.ctx.settings, self.overrides)
        started = self.ctx.clock.monotonic()
        warming = Warming(self.ctx, pipeline, self.overrides)
        begun = replace(self, ctx=replace(self.ctx, started=started, warm_up=warming.begin), warming=warming)
        try:
            relay = Relay(begun.ctx, self.console, self.overrides)
            return begun.run_stages(pipeline, Teller(begun.ctx, self.console, self.overrides, relay))
        finally:
            warming.close()
            self.console.close()

    def run_stages(self, pipeline: Pipeline, teller: Teller) -> RunResult:
        """Run the stages of a pipeline whose options are checked.

        Raises:
            DrayError: One failed.
        """
        release, tree = Release(env=self.ctx.env), _Tree(self.ctx.work)
        timings: tuple[StepTiming, ...] = ()
        for number, stage in enumerate(pipeline.stages, start=1):
            named, following = release.project is not None, pipeline.stages[number:]
            with teller.watch(stage, following, release):
                if isinstance(stage, Parallel):
                    release, added = self._run_parallel(stage, release, teller, following=following)
                else:
                    writing = _Writing(tree, following)
                    release, added = self._run_step(stage, release, teller, following=following, writing=writing)
                timings += added
                if release.project is not None and not named:
                    validate_sections(self.ctx.settings, release, self.known)
        return RunResult(release, timings)

    def _run_step(
        self,
        step: Step,
        release: Release,
        teller: Teller,
        *,
        following: tuple[Stage, ...],
        writing: _Writing | None = None,
    ) -> tuple[Release, tuple[StepTiming, ...]]:
        console = StepConsole(self.console, step.name)
        started = self.ctx.clock.monotonic()
        with teller.relay.listen(step, following, release) as announce:
            told = teller.relay.recall(step)
            ctx = replace(
                self.ctx, console=console, announce=announce, told=told, warmed=lambda: self._take_warmed(step)
            )
            done = self._call(step, release, ctx)
        if writing is None:
            _require_unchanged(step, release, done)
        elif writing.is_due:
            done = writing.tree.write(done, console, last=writing.is_last)
        seconds = self.ctx.clock.monotonic() - started
        self.console.end_step(step.name, seconds, "; ".join(console.results))
        return done, (StepTiming(step.name, seconds),)

    def _take_warmed(self, step: Step) -> Any:
        return self.warming.take(step) if self.warming else None

    def _call(self, step: Step, release: Release, ctx: Context) -> Release:
        options = resolve_step(step, ctx.settings, self.overrides)
        try:
            done = step.definition.function(release, ctx, *options.positional, **options.named)
        except DrayError as error:
            error.location = error.location or step.location
            raise
        except Exception as error:
            raise _explain(error, step, ctx.root) from error
        if not isinstance(done, Release):
            raise StepError(
                f"the step {step.name} does not return a release",
                got=repr(done),
                location=step.location,
                hint="end its function with: return release",
            )
        return done

    def _run_parallel(
        self, stage: Parallel, release: Release, teller: Teller, *, following: tuple[Stage, ...]
    ) -> tuple[Release, tuple[StepTiming, ...]]:
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - few pipelines have branches

        with ThreadPoolExecutor(len(stage.branches)) as pool:
            futures = [
                pool.submit(self._run_branch, branch, release, teller, following=following)
                for branch in stage.branches
            ]
        results = [future.result() for future in futures]
        before = len(release.rollouts)
        for done, _ in results:
            for artifact in done.artifacts:
                release = release.with_artifact(artifact)
            for rollout in done.rollouts[before:]:
                release = release.with_rollout(rollout)
        return release, tuple(timing for _, timings in results for timing in timings)

    def _run_branch(
        self, branch: Pipeline, release: Release, teller: Teller, *, following: tuple[Stage, ...]
    ) -> tuple[Release, tuple[StepTiming, ...]]:
        timings: tuple[StepTiming, ...] = ()
        for number, stage in enumerate(branch.stages, start=1):
            within = branch.stages[number:]
            behind = within + following
            with teller.watch(stage, within, release):
                if isinstance(stage, Parallel):
                    release, added = self._run_parallel(stage, release, teller, following=behind)
                else:
                    release, added = self._run_step(stage, release, teller, following=behind)
                timings += added
        return release, timings


class _Tree:
    """The tree on disk during a run, and what of the release it already holds.

    Args:
        work: Where it is remembered between builds what was written.
    """

    def __init__(self, work: Path) -> None:
        self._work = work
        self._written: Release | None = None
        self._stale = 0

    def write(self, release: Release, console: StepConsole, *, last: bool) -> Release:
        """Make the tree equal to the release, unless it is; return the release with its digests.

        What no longer belongs to the release goes with the ``last`` step: until then one may add it again.
        """
        if release.tree is None or not (self._differs(release) or (last and self._stale)):
            return release
        # Loaded while the project compiles, or at the latest now.
        from dray.assemble.tree import sync_tree  # noqa: PLC0415
        from dray.assemble.tree_index import tree_index_path  # noqa: PLC0415

        index = tree_index_path(self._work, release.name)
        done, change = sync_tree(release, release.tree, index, prune=last)
        if self._written is None or change.written or change.removed:
            console.result(_describe_tree(done, change))
        self._written, self._stale = done, change.stale
        return done

    def _differs(self, release: Release) -> bool:
        written = self._written
        return written is None or written.contents is not release.contents or written.tree != release.tree


@dataclass(frozen=True, slots=True)
class _Writing:
    """Whether the tree is written after a step: when the next one looks at it, and at the end.

    Args:
        tree: The tree.
        following: What is still to run.
    """

    tree: _Tree
    following: tuple[Step | Parallel, ...]

    @property
    def is_last(self) -> bool:
        return not any(isinstance(stage, Step) for stage in self.following)

    @property
    def is_due(self) -> bool:
        following = self.following[0] if self.following else None
        return not isinstance(following, Step) or following.definition.reads_tree


def _require_unchanged(step: Step, before: Release, after: Release) -> None:
    if after.contents is not before.contents:
        raise StepError(
            f"{step.name} changes the release, and parallel() runs its steps on one release",
            location=step.location,
            hint=f"put {step.name}() before parallel()",
        )


def validate_sections(settings: Settings, release: Release, known: frozenset[str]) -> None:
    """Check that each section of the configuration speaks of something that there is.

    Args:
        settings: The values of ``config(...)``.
        release: The release; sections may bear its name, or that of another release of the project.
        known: Further names. Steps that other packages register are known, too.

    Raises:
        ConfigError: A section has an unknown name, or an option that its step does not have.
    """
    others = release.project.releases if release.project else ()
    names = known | OTHER_SECTIONS | {release.name} | {other.name for other in others}
    unknown = [section for section in settings.sections if section not in names]
    if not unknown:
        return
    from dray.plugins import find_step, list_step_names  # noqa: PLC0415 - the metadata of packages takes 10 ms to load

    names |= set(list_step_names())
    for section in unknown:
        registered = find_step(section)
        if registered is not None:
            validate_section(registered, settings)
        elif section not in names:
            origin = next(
                (setting.origin for path, setting in settings.walk() if path.startswith(f"{section}.")), None
            )
            raise ConfigError(
                f"config({section!r}, ...) speaks of no step and no release",
                got=section,
                choices=tuple(sorted(names)),
                location=origin if isinstance(origin, Location) else None,
                hint=f"there are: {', '.join(sorted(names))}",
            )


def _explain(error: Exception, step: Step, root: Path) -> Exception:
    """Return what to say of an exception, by whose step it is: dray's (a bug), the project's, or a plugin's."""
    module = step.definition.module
    if module.startswith("dray."):
        return error
    own = find_user_line(error, root)
    what = f"the step {step.name} failed: {describe_exception(error)}"
    if own is not None:
        return StepError(what, location=own)
    package = module.partition(".")[0]
    return PluginError(what, location=step.location, hint=f"the step belongs to the package {package}")


def _describe_tree(release: Release, change: TreeChange) -> str:
    size = sum(digest.size for digest in release.digests.values())
    changes = [f"{change.written} written"] if change.written else []
    changes += [f"{change.removed} removed"] if change.removed else []
    count = len(release.digests) - 1  # the manifest is not part of what it lists
    return f"{count} files, {size / 1e6:.1f} MB, {', '.join(changes) or 'unchanged'}"
