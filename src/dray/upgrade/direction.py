"""The two directions of an upgrade: what each does to a node, and what its script must not leave out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dray.upgrade.coverage import Wanted
from dray.upgrade.relup import Direction, Start

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dray.upgrade.appups import Scripts
    from dray.upgrade.build import Build
    from dray.upgrade.instructions import Purge
    from dray.upgrade.plan import Plan


def build_directions(plan: Plan, scripts: tuple[Scripts, ...], purge: Purge) -> tuple[Direction, Direction]:
    """Return what the way up and the way down do.

    Args:
        plan: What changes.
        scripts: The instructions for each application.
        purge: How old code is purged.
    """
    written = {item.application for item in scripts if not item.generated}
    found = [item for build in (plan.base, plan.new) for item in build.modules.items()]
    by_hand = frozenset(module for module, (application, _) in found if application in written)
    ways = ((plan.base, plan.new), (plan.new, plan.base))
    up, down = (_build_direction(*way, by_hand, purge) for way in ways)
    return up, down


def _build_direction(old: Build, new: Build, by_hand: frozenset[str], purge: Purge) -> Direction:
    before, after = frozenset(old.modules), frozenset(new.modules)
    return Direction(
        added=after - before,
        removed=before - after,
        started=_list_starts(old, new),
        stopped=frozenset(old.side.applications.keys() - new.side.applications.keys()),
        protocols=new.side.consolidated,
        softened=(before ^ after) - by_hand if purge == "soft" else frozenset(),
    )


def _list_starts(old: Build, new: Build) -> tuple[Start, ...]:
    """Return the applications that only one build has, in the order in which they start, with what they need."""
    modules: dict[str, set[str]] = {}
    for module, (application, _) in new.modules.items():
        modules.setdefault(application, set()).add(module)
    starts = []
    for name in new.order_applications():
        if name not in old.side.applications:
            needs = _list_needs(name, new)
            found = frozenset(module for needed in needs for module in modules.get(needed, ()))
            starts.append(Start(name, needs, found))
    return tuple(starts)


def _list_needs(application: str, build: Build) -> frozenset[str]:
    needs: set[str] = set()
    waiting = [application]
    while waiting:
        spec = build.read_spec(waiting.pop())
        listed = {
            *map(str, spec.applications),
            *map(str, spec.included_applications),
        } & build.side.applications.keys()
        waiting += listed - needs
        needs |= listed
    return frozenset(needs)


def list_wanted(old: Build, new: Build) -> tuple[Wanted, ...]:
    """Return what a script that leads from one build to another must do, application by application.

    Nothing but the builds counts, so that a plan that forgets something is found out.
    """
    return tuple(_list_wanted(old, new))


def _list_wanted(old: Build, new: Build) -> Iterator[Wanted]:
    before, after = old.modules, new.modules
    loaded: dict[str, set[str]] = {}
    removed: dict[str, set[str]] = {}
    for module, (application, content) in after.items():
        known = before.get(module)
        changed = known is None or not known[1].is_same_as(content)
        if changed and module not in new.side.consolidated:
            loaded.setdefault(application, set()).add(module)
    for module in before.keys() - after.keys():
        removed.setdefault(before[module][0], set()).add(module)
    for application in sorted(loaded.keys() | removed.keys()):
        yield Wanted(
            application,
            new.side.applications.get(application),
            frozenset(loaded.get(application, ())),
            frozenset(removed.get(application, ())),
        )
