"""What an upgrade from one base has to do: the applications and modules that change, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.upgrade.compare import compare_sides
from dray.upgrade.module_change import Kind, ModuleChange, classify_module
from dray.upgrade.reasons import list_reasons

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from dray.upgrade.build import Build
    from dray.upgrade.compare import Changes, Difference


@dataclass(frozen=True, slots=True)
class ApplicationPlan:
    """An application that both releases have, in two versions.

    Args:
        name: The application.
        old: Its version in the base.
        new: Its version in the new release.
        modules: Its modules that change.
    """

    name: str
    old: str
    new: str
    modules: tuple[ModuleChange, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What an upgrade from one base has to do.

    Args:
        base: What it starts from.
        new: What it leads to.
        difference: What differs between them.
        applications: The applications that both have and that change.
        reasons: Why it needs a restart; empty where nothing is known to stand against a hot upgrade.
    """

    base: Build
    new: Build
    difference: Difference
    applications: tuple[ApplicationPlan, ...]
    reasons: tuple[str, ...]

    @property
    def is_hot(self) -> bool:
        """Whether nothing is known to stand against a hot upgrade."""
        return not self.reasons


def plan_upgrade(base: Build, new: Build, difference: Difference | None = None) -> Plan:
    """Return what an upgrade from a base has to do.

    Args:
        base: What it starts from.
        new: What it leads to, its applications in the versions that they will have.
        difference: What differs between them, where that is known.

    Raises:
        IntegrityError: A module is damaged.
    """
    difference = difference or compare_sides(base.side, new.side)
    reasons = tuple(dict.fromkeys(list_reasons(base, new, difference)))
    applications = () if reasons else tuple(_plan_applications(base, new, difference))
    return Plan(base, new, difference, applications, reasons)


def _plan_applications(base: Build, new: Build, difference: Difference) -> Iterator[ApplicationPlan]:
    before, after = base.modules.keys(), new.modules.keys()
    for app in difference.applications:
        if app.old is not None and app.new is not None and app.old != app.new:
            changes = (
                *(_plan_new(name, app.name, new, before) for name in app.modules.added),
                *(classify_module(new.read_module(app.name, name)) for name in app.modules.changed),
                *(_plan_removed(name, app.name, base) for name in app.modules.removed if name not in after),
            )
            yield ApplicationPlan(app.name, app.old, app.new, changes)


def _plan_new(name: str, application: str, new: Build, before: Collection[str]) -> ModuleChange:
    """Return what is done with a module that is new in its application, and may come from another one."""
    facts = new.read_module(application, name)
    if name in before:
        return classify_module(facts)
    return ModuleChange(name, Kind.ADD, "only in the new version", facts.used_modules)


def _plan_removed(name: str, application: str, base: Build) -> ModuleChange:
    return ModuleChange(
        name, Kind.REMOVE, "only in the old version", base.read_module(application, name).used_modules
    )


def describe_changes(plan: Plan) -> tuple[str, ...]:
    """Return what changes and how, one sentence each."""
    return tuple(_describe(plan))


def _describe(plan: Plan) -> Iterator[str]:
    planned = {app.name: app.modules for app in plan.applications}
    for app in plan.difference.applications:
        if app.old is None:
            yield f"{app.name} {app.new}: a new application, which is started"
        elif app.new is None:
            yield f"{app.name} {app.old}: an application that goes, and is stopped"
        else:
            yield f"{app.name} {app.old} -> {app.new}"
            for change in planned.get(app.name, ()):
                yield f"{app.name}: {_shown(change.name)}: {change.kind}: {change.reason}"
            yield from _describe_files(f"{app.name}: ", app.files, "data, which comes with the new version's folder")
    for name in _all_of(plan.difference.protocols):
        yield f"{_shown(name)}: protocol: it is consolidated anew"
    for name in _all_of(plan.difference.config):
        yield f"{name}: configuration, which is computed anew"
    yield from _describe_files("", plan.difference.files, "a file of the release")


def _describe_files(owner: str, changes: Changes, what: str) -> Iterator[str]:
    for path in _all_of(changes):
        yield f"{owner}{path}: {what}"


def _all_of(changes: Changes) -> list[str]:
    return sorted((*changes.added, *changes.removed, *changes.changed))


def _shown(module: str) -> str:
    """Return a module's name as Elixir shows it."""
    return module.removeprefix("Elixir.")
