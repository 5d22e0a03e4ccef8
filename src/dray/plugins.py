"""Plugins: packages whose steps a pipeline has, and what is registered in the entry-point group ``dray.steps``.

An import is enough to use a step; being registered makes it show in ``dray show steps`` and lets ``config(...)`` know
its name. The built-in steps are registered the same way. The folder ``templates`` of a package whose steps a pipeline
has extends dray's templates.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dray.core.step import StepDefinition
from dray.errors import PluginError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from importlib.metadata import EntryPoint, EntryPoints

    from dray.core.step import Step

GROUP = "dray.steps"
_TEMPLATES = "templates"


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
    steps = [_load(point) for point in _list_points()]
    return tuple(sorted(steps, key=lambda step: (step.package != "dray", step.package, step.name)))


def list_step_names() -> tuple[str, ...]:
    """Return the names of all registered steps without loading them."""
    return tuple(sorted({point.name for point in _list_points()}))


def find_step(name: str) -> StepDefinition[Any] | None:
    """Return a registered step by its name; None where there is none.

    Raises:
        PluginError: It cannot be loaded.
    """
    return next((_load(point).definition for point in _list_points() if point.name == name), None)


def find_packages(steps: Iterable[Step]) -> dict[str, Path]:
    """Return the packages besides dray that steps come from, by name: folders, or the files of single modules."""
    found = {}
    for name in {step.definition.module.partition(".")[0] for step in steps} - {"dray"}:
        module = sys.modules.get(name)
        place = next(iter(getattr(module, "__path__", ())), None) or getattr(module, "__file__", None)
        if place is not None:
            found[name] = Path(place)
    return dict(sorted(found.items()))


def find_plugin_templates(steps: Iterable[Step], root: Path) -> dict[str, Path]:
    """Return the folders of templates that come with the steps of plugins, by the names of the packages.

    Args:
        steps: The steps of a pipeline.
        root: The project; its own package ``rel`` is no plugin.
    """
    folders = {name: place / _TEMPLATES for name, place in find_packages(steps).items() if place != root / "rel"}
    return {name: folder for name, folder in folders.items() if folder.is_dir()}


def _list_points() -> EntryPoints:
    from importlib.metadata import entry_points  # noqa: PLC0415 - takes 10 ms to load

    return entry_points(group=GROUP)


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
