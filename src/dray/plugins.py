"""Steps of other packages: what is registered in the entry-point group ``dray.steps``.

The built-in steps are registered the same way. An import is enough to use a step; being registered makes it show in
``dray show steps`` and lets ``config(...)`` know its name.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from dray.core.step import StepDefinition
from dray.errors import PluginError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "dray.steps"


@dataclass(frozen=True, slots=True)
class RegisteredStep:
    """A step and the package that registers it."""

    name: str
    definition: StepDefinition[Any]
    package: str


def list_steps() -> tuple[RegisteredStep, ...]:
    """Return all registered steps, those of dray first, then by package and name.

    Raises:
        PluginError: A registered step cannot be loaded.
    """
    steps = [_load(point) for point in entry_points(group=GROUP)]
    return tuple(sorted(steps, key=lambda step: (step.package != "dray", step.package, step.name)))


def list_step_names() -> tuple[str, ...]:
    """Return the names of all registered steps without loading them."""
    return tuple(sorted({point.name for point in entry_points(group=GROUP)}))


def _load(point: EntryPoint) -> RegisteredStep:
    package = point.dist.name if point.dist else "unknown"
    try:
        definition = point.load()
    except Exception as error:
        raise PluginError(
            f"the step {point.name} of the package {package} cannot be loaded: {type(error).__name__}: {error}",
            hint=f"update the package or remove it: pip uninstall {package}",
        ) from error
    if not isinstance(definition, StepDefinition):
        raise PluginError(
            f"the package {package} registers {point.name}, which is no step", hint="decorate the function with @step"
        )
    return RegisteredStep(point.name, definition, package)
