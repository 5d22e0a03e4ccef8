"""Steps: functions from a release to a release, and their use in a pipeline.

    @step
    def motd(release: Release, ctx: Context, *, text: str = "Welcome") -> Release:
        return release.add(File("etc/motd", text.encode()))

Calling ``motd(text="Hello")`` runs nothing: it returns a ``Step``, the function with its options and the
line that asked for it. The pipe operator joins steps into a ``Pipeline`` (``dray.core.pipeline``).
"""

from __future__ import annotations

import inspect
import sys
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, overload

from dray.core.option import Option, read_options, validate_parameters
from dray.errors import ConfigError, Location

if TYPE_CHECKING:
    from collections.abc import Callable

    from dray.core.context import Context
    from dray.core.pipeline import Pipeable, Pipeline
    from dray.core.release import Release

P = ParamSpec("P")


def _list_none() -> tuple[Option, ...]:
    return ()


@dataclass(frozen=True)
class StepDefinition(Generic[P]):
    """A step that can be used: what ``@step`` makes of a function.

    Args:
        name: What it is called in configuration, plans and messages.
        function: The work.
        list_options: Returns what it takes; called when the step is used.
        reads_tree: Whether it looks at the release's files on disk, which must be up to date then.
        repeatable: Whether it does the same again when the project, the environment and the tools are the same, and
            nothing else: dray then leaves a build out in which nothing has changed.
        on_failure: Called with the options of the step where an earlier step of its pipeline failed, so that this
            one does not run.
        on_progress: Called with the options of the step while an earlier step of its pipeline deploys.
        warm_up: Called with the options of the step while the project compiles.
    """

    name: str
    function: Callable[Concatenate[Release, Context, P], Release]
    list_options: Callable[[], tuple[Option, ...]] = field(default=_list_none, repr=False)
    reads_tree: bool = True
    repeatable: bool = False
    on_failure: Callable[..., None] | None = field(default=None, repr=False)
    on_progress: Callable[..., str] | None = field(default=None, repr=False)
    warm_up: Callable[..., Any] | None = field(default=None, repr=False)

    @cached_property
    def options(self) -> tuple[Option, ...]:
        """What it takes."""
        return self.list_options()

    @property
    def module(self) -> str:
        """The Python module that defines it."""
        return self.function.__module__

    @property
    def summary(self) -> str:
        """The first line of its documentation."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Step:
        """Return the step with these options; nothing runs yet.

        Raises:
            ConfigError: The step has no such option, or an option is given twice.
        """
        location = caller_location()
        return Step(self, _bind(self, args, kwargs, location), location)

    def run(self, release: Release, ctx: Context, *args: P.args, **kwargs: P.kwargs) -> Release:
        """Do the work now; this is how a step that overrides another one calls it."""
        return self.function(release, ctx, *args, **kwargs)


@dataclass(frozen=True, slots=True)
class Step:
    """A step with the options that a pipeline gives it.

    Args:
        definition: The step.
        arguments: Option and value, as written in the pipeline.
        location: Where it was written; None for dray's own pipelines.
    """

    definition: StepDefinition[Any]
    arguments: tuple[tuple[str, Any], ...]
    location: Location | None

    @property
    def name(self) -> str:
        """The step's name."""
        return self.definition.name

    def __or__(self, other: Pipeable) -> Pipeline:
        from dray.core.pipeline import as_pipeline  # noqa: PLC0415 - a step and a pipeline know each other

        return as_pipeline(self) | other

    def __ror__(self, other: Pipeable) -> Pipeline:
        from dray.core.pipeline import as_pipeline  # noqa: PLC0415 - see above

        return as_pipeline(other) | self


@overload
def step(function: Callable[Concatenate[Release, Context, P], Release], /) -> StepDefinition[P]: ...


@overload
def step(
    *,
    name: str | None = None,
    reads_tree: bool = True,
    repeatable: bool = False,
    on_failure: Callable[..., None] | None = None,
    on_progress: Callable[..., str] | None = None,
    warm_up: Callable[..., Any] | None = None,
) -> Callable[[Callable[Concatenate[Release, Context, P], Release]], StepDefinition[P]]: ...


def step(
    function: Callable[Concatenate[Release, Context, P], Release] | None = None,
    /,
    *,
    name: str | None = None,
    reads_tree: bool = True,
    repeatable: bool = False,
    on_failure: Callable[..., None] | None = None,
    on_progress: Callable[..., str] | None = None,
    warm_up: Callable[..., Any] | None = None,
) -> StepDefinition[P] | Callable[[Callable[Concatenate[Release, Context, P], Release]], StepDefinition[P]]:
    """Make a step of a function ``(release, ctx, ...options) -> release``.

    Args:
        function: The function, when used as ``@step``.
        name: The step's name where it is not the function's. A step that takes the name of a built-in one
            also takes the section of ``config(...)`` that belongs to it.
        reads_tree: Whether the step looks at ``release.tree``. One that only adds or removes files does not, and
            dray then writes the tree once for it and its neighbours instead of once for each.
        repeatable: Whether the step depends on nothing but the release, the project's files, the environment
            variables and its options, and makes nothing but entries and artifacts. A build of such steps is left out
            where nothing has changed.
        on_failure: A function ``(failure, ctx, ...options)`` with the options of the step. Where an earlier step of
            the pipeline fails, the step does not run, and this is called instead; what it raises is only warned of.
        on_progress: A function ``(so_far, ctx, ...options) -> told`` with the options of the step, called in a thread
            of its own while an earlier step of the pipeline deploys. The text that it returns is ``ctx.told`` when it
            is called again, for ``on_failure``, and when the step runs. What it raises is only warned of.
        warm_up: A function ``(ctx, ...options)`` with the options of the step that loads and opens what the step
            needs and what takes long. It is called in a thread of its own while the project compiles.
            ``ctx.warmed()`` gives the step what it returns; if that has a method ``close``, it is called when the
            pipeline has ended. What it raises is ignored.

    Returns:
        The step.

    Raises:
        TypeError: ``on_failure``, ``on_progress`` or ``warm_up`` takes other options than the step.
    """

    def define(function: Callable[Concatenate[Release, Context, P], Release]) -> StepDefinition[P]:
        validate_parameters(function)
        hooks = (("on_failure", on_failure, 2), ("on_progress", on_progress, 2), ("warm_up", warm_up, 1))
        for name_of, hook, skip in hooks:
            if hook is not None and _list_names(hook, skip) != _list_names(function, 2):
                raise TypeError(f"{name_of} of {function.__name__} takes other options than the step")
        return StepDefinition(
            name or function.__name__,
            function,
            lambda: read_options(function, skip=2),
            reads_tree,
            repeatable,
            on_failure,
            on_progress,
            warm_up,
        )

    return define if function is None else define(function)


def as_step(function: Callable[..., Any]) -> Step:
    """Return the step of a plain function that was put into a pipeline as it is.

    Args:
        function: Takes the release, or the release and the context.

    Raises:
        ConfigError: It takes anything else.
    """
    code = getattr(function, "__code__", None)
    location = Location(code.co_filename, code.co_firstlineno) if code else Location("<unknown>")
    name = getattr(function, "__name__", repr(function))
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    required = [p for p in parameters if p.default is p.empty and p.kind is not p.VAR_POSITIONAL]
    if not parameters or len(required) > 2:
        raise ConfigError(
            f"a function in a pipeline takes (release) or (release, ctx), and {name} does not",
            location=location,
            hint="options need the decorator: from dray import step, then @step above the function",
        )
    if len(parameters) == 1:

        def run(release: Release, ctx: Context) -> Release:  # noqa: ARG001
            result: Release = function(release)
            return result

        run.__module__, run.__doc__ = function.__module__, function.__doc__
        return Step(StepDefinition(name, run), (), location)
    return Step(StepDefinition(name, function), (), location)


def _list_names(function: Callable[..., Any], skip: int) -> list[str]:
    """Return the names of the parameters that are options: those behind the first ones."""
    return list(inspect.signature(function).parameters)[skip:]


def caller_location() -> Location | None:
    """Return the place outside dray's own values that called them; None where that is dray itself."""
    frame = sys._getframe(1)  # noqa: SLF001 - the one way to know the user's line
    while frame.f_back and frame.f_globals.get("__name__", "").startswith(("dray.core.", "dray.config.")):
        frame = frame.f_back
    if frame.f_globals.get("__name__", "").startswith("dray."):
        return None
    return Location(frame.f_code.co_filename, frame.f_lineno)


def _bind(
    definition: StepDefinition[Any], args: tuple[Any, ...], kwargs: dict[str, Any], location: Location | None
) -> tuple[tuple[str, Any], ...]:
    """Return the arguments by name, in the order of the options."""
    options = definition.options
    positional = [option for option in options if option.positional and not option.variadic]
    variadic = next((option for option in options if option.variadic), None)
    if len(args) > len(positional) and variadic is None:
        raise ConfigError(
            f"{definition.name} takes {_count(positional)} without a name",
            got=f"{len(args)}",
            location=location,
            hint=f"name the others: {definition.name}({_example(options)})",
        )
    bound = {option.name: value for option, value in zip(positional, args, strict=False)}
    if variadic and args[len(positional) :]:
        bound[variadic.name] = tuple(args[len(positional) :])
    known = tuple(option.name for option in options)
    for name, value in kwargs.items():
        if name not in known:
            raise ConfigError(
                f"{definition.name} has no option {name!r}; it has: {', '.join(known) or 'none'}",
                got=name,
                choices=known,
                location=location,
            )
        if name in bound:
            raise ConfigError(f"{definition.name}: {name} is given twice", location=location)
        bound[name] = value
    return tuple(bound.items())


def _count(positional: list[Option]) -> str:
    return "no option" if not positional else f"at most {len(positional)} option(s)"


def _example(options: tuple[Option, ...]) -> str:
    return ", ".join(f"{option.name}=..." for option in options)
