"""The instructions of an appup: what OTP does with each module of an application, on the way up and on the way down.

Follows appup(4), in the long forms that say how old code is purged. Modules that come are first and those that go are
last, so that whatever is running finds what it calls; the way down is the way up backwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from dray.core.term import Atom
from dray.upgrade.module_change import Kind, ModuleChange
from dray.upgrade.order import order_modules

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dray.core.term import Term

Purge: TypeAlias = Literal["soft", "brutal"]
"""How processes are treated that still run old code: an upgrade waits for them to end, or ends them."""

Script: TypeAlias = "tuple[Term, ...]"

_BACKWARDS = {Kind.ADD: Kind.REMOVE, Kind.REMOVE: Kind.ADD}


def build_instructions(changes: tuple[ModuleChange, ...], purge: Purge) -> tuple[Script, Script]:
    """Return the instructions of the way up and of the way down.

    Args:
        changes: The modules of one application that change.
        purge: How old code is purged.
    """
    added = _order(change for change in changes if change.kind is Kind.ADD)
    removed = _order(change for change in changes if change.kind is Kind.REMOVE)
    loaded = _order(change for change in changes if change.kind not in {Kind.ADD, Kind.REMOVE})
    names = frozenset(change.name for change in loaded)
    up = [(change, change.kind) for change in (*added, *loaded, *reversed(removed))]
    down = [(change, _BACKWARDS.get(kind, kind)) for change, kind in reversed(up)]
    upwards, downwards = (
        tuple(_build_instruction(change, kind, names, purge) for change, kind in way) for way in (up, down)
    )
    return upwards, downwards


def purge_method(purge: Purge) -> Atom:
    """Return OTP's name for it."""
    return Atom(f"{purge}_purge")


def _order(changes: Iterable[ModuleChange]) -> list[ModuleChange]:
    by_name = {change.name: change for change in changes}
    return [by_name[name] for name in order_modules({name: change.uses for name, change in by_name.items()})]


def _build_instruction(change: ModuleChange, kind: Kind, loaded: frozenset[str], purge: Purge) -> Term:
    module, method = Atom(change.name), purge_method(purge)
    used: list[Term] = [Atom(name) for name in sorted((change.uses & loaded) - {change.name})]
    advanced: Term = (Atom("advanced"), [])
    match kind:
        case Kind.ADD:
            return (Atom("add_module"), module)
        case Kind.REMOVE:
            return (Atom("delete_module"), module)
        case Kind.LOAD:
            return (Atom("load_module"), module, method, method, used)
        case Kind.SUSPEND:
            return (Atom("update"), module, Atom("soft"), method, method, used)
        case Kind.CODE_CHANGE:
            return (Atom("update"), module, advanced, method, method, used)
        case Kind.SUPERVISOR:
            timeout = Atom("default")
            return (Atom("update"), module, Atom("static"), timeout, advanced, method, method, used)
