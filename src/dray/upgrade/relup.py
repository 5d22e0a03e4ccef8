"""The relup: what ``systools`` made of the appups, changed so that nodes of Elixir can follow.

    {"0.2.0", [{"0.1.0", [], Up}], [{"0.1.0", [], Down}]}.

In each direction, with ``dray_node`` a module that the host loads before:

    {apply, {dray_node, ready, []}}             refuses where the node cannot follow
    load_object_code ...
    point_of_no_return
    {apply, {dray_node, configure, []}}         the configuration of the version to come
    {apply, {dray_node, stop_children, []}}     children that the version to come does not have
    {load, ...}                                 modules that were not there before
    {apply, {dray_node, load_protocols, []}}    consolidated protocols, all at once
    ...                                         the script of systools, without what stands elsewhere
    {remove, ...}                               modules that are not there any more
    {apply, {dray_node, update_children, []}}   children that the version before does not have, or others

A module of a protocol is loaded from the consolidated ones alone: what the application has in its ``ebin`` would undo
the consolidation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.beam.relfile import consultable
from dray.core.term import Atom

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dray.core.term import Term
    from dray.upgrade.instructions import Script

_SOFT = Atom("soft_purge")
_POINT_OF_NO_RETURN = Atom("point_of_no_return")


@dataclass(frozen=True, slots=True)
class Start:
    """An application that only the version to come has.

    Args:
        application: The application.
        needs: The applications without which it cannot start, and theirs.
        modules: The modules of these.
    """

    application: str
    needs: frozenset[str] = frozenset()
    modules: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Direction:
    """What one way, up or down, does to the modules of a node.

    Args:
        added: Modules that the version to come has and the other has not.
        removed: Modules that the version to come does not have.
        started: Applications that only the version to come has, in the order in which they start.
        stopped: Applications that it does not have.
        protocols: The consolidated protocols of the version to come.
        softened: Modules among those added and removed whose instructions nobody wrote by hand, and whose old code
            may stay while a process runs it.
    """

    added: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    started: tuple[Start, ...] = ()
    stopped: frozenset[str] = frozenset()
    protocols: frozenset[str] = frozenset()
    softened: frozenset[str] = frozenset()


def transform_script(script: Iterable[Term], direction: Direction) -> Script:
    """Return a script of ``systools`` as a node is to run it.

    Args:
        script: The low-level instructions.
        direction: What they do.
    """
    kept = _without_late_removals(list(script), direction.removed)
    instructions = [adapted for item in kept for adapted in _adapt(item, direction)]
    at = instructions.index(_POINT_OF_NO_RETURN)
    before, after = instructions[:at], instructions[at + 1 :]
    added, after = _split(after, lambda item: _module_of(item, "load") in direction.added)
    removed, after = _split(after, lambda item: _is_removal(item, direction.removed))
    return (
        _call("ready"),
        *before,
        _POINT_OF_NO_RETURN,
        _call("configure"),
        _call("stop_children"),
        *added,
        _call("load_protocols"),
        *_start_after_needs(_stop_backwards(after, direction.stopped), direction.started),
        *removed,
        _call("update_children"),
    )


def format_relup(version: str, upgrades: Iterable[tuple[str, Script, Script]]) -> bytes:
    """Return the file ``relup`` of a version.

    Args:
        version: The version.
        upgrades: For each base its version, the way up and the way down.
    """
    ways = list(upgrades)
    up: list[Term] = [(base, [], list(script)) for base, script, _ in ways]
    down: list[Term] = [(base, [], list(script)) for base, _, script in ways]
    return consultable((version, up, down))


def _without_late_removals(items: list[Term], removed: frozenset[str]) -> list[Term]:
    """Return the instructions without those that remove a module which is then in another application.

    An application that is restarted has its modules removed and then loaded again: these stay.
    """
    last = {module: at for at, item in enumerate(items) if (module := _module_of(item, "load")) is not None}

    def is_late(at: int, module: str) -> bool:
        return module not in removed and last.get(module, -1) < at

    found: list[Term] = []
    for at, item in enumerate(items):
        match item:
            case (Atom("remove"), (Atom() as module, _, _)) if is_late(at, module):
                continue
            case (Atom("purge") as name, list() as modules):
                found.append((name, [module for module in modules if not is_late(at, str(module))]))
            case _:
                found.append(item)
    return found


def _call(function: str) -> Term:
    return (Atom("apply"), (Atom("dray_node"), Atom(function), []))


def _adapt(item: Term, direction: Direction) -> list[Term]:
    """Return what becomes of an instruction: without protocols, and purging softly what may be."""
    match item:
        case (Atom("load_object_code"), (library, version, list() as modules)):
            kept: list[Term] = [module for module in modules if module not in direction.protocols]
            return [(item[0], (library, version, kept))] if kept else []
        case (Atom("load" | "remove") as name, (Atom() as module, _, _)):
            if module in direction.protocols:
                return []
            return [(name, (module, _SOFT, _SOFT))] if module in direction.softened else [item]
        case (Atom("purge"), list() as modules):
            going: list[Term] = [m for m in modules if m in direction.removed and m not in direction.softened]
            staying: list[Term] = [m for m in modules if m not in direction.removed and m not in direction.protocols]
            return [(item[0], part) for part in (staying, going) if part]
    return [item]


def _module_of(item: Term, name: str) -> str | None:
    match item:
        case (Atom() as found, (Atom() as module, _, _)) if found == name:
            return module
    return None


def _is_removal(item: Term, removed: frozenset[str]) -> bool:
    match item:
        case (Atom("purge"), [Atom() as module, *_]):
            return module in removed
    return _module_of(item, "remove") in removed


def _split(items: list[Term], chosen: Callable[[Term], bool]) -> tuple[list[Term], list[Term]]:
    return [item for item in items if chosen(item)], [item for item in items if not chosen(item)]


def _start_after_needs(items: list[Term], started: tuple[Start, ...]) -> list[Term]:
    """Return the instructions with each application started after all is loaded that it needs.

    ``systools`` starts new applications first, and an application that finds old code fails to start without a word.
    """
    items = list(items)
    for start in started:
        at = next((at for at, item in enumerate(items) if _started_by(item) == start.application), None)
        if at is not None:
            own = items.pop(at)
            last = max((i for i, item in enumerate(items) if _is_needed(item, start)), default=-1)
            items.insert(max(at, last + 1), own)
    return items


def _is_needed(item: Term, start: Start) -> bool:
    return _started_by(item) in start.needs or not start.modules.isdisjoint(_list_modules(item))


def _started_by(item: Term) -> str | None:
    match item:
        case (Atom("apply"), (Atom("application"), Atom("start"), [Atom() as name, *_])):
            return name
    return None


def _list_modules(item: Term) -> list[str]:
    """Return the modules that an instruction deals with, apart from those that it removes."""
    match item:
        case (Atom("load"), (Atom() as module, _, _)):
            return [module]
        case (Atom("suspend" | "resume" | "code_change"), *_, list() as modules):
            return [str(entry[0] if isinstance(entry, tuple) else entry) for entry in modules]
    return []


def _stop_backwards(items: list[Term], stopped: frozenset[str]) -> list[Term]:
    """Return the instructions with applications stopped in the reverse order of their start, as a node does it."""

    def is_stop(item: Term) -> bool:
        match item:
            case (Atom("apply"), (Atom("application"), Atom("stop"), [Atom() as name])):
                return name in stopped
        return False

    stops = [item for item in items if is_stop(item)]
    return [stops.pop() if is_stop(item) else item for item in items]
