"""Checks that a script does all that differs: changed and new modules are loaded, those that go are removed.

``systools`` fails where an appup is missing, and does not see one that leaves something out: the upgrade would
succeed, and old code run on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.core.term import Atom

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dray.upgrade.instructions import Script


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a script must do in one application.

    Args:
        application: The application.
        version: Its version to come; None where it goes.
        loaded: The modules to load.
        removed: The modules to remove.
    """

    application: str
    version: str | None
    loaded: frozenset[str]
    removed: frozenset[str]


def list_left_out(script: Script, wanted: tuple[Wanted, ...]) -> tuple[str, ...]:
    """Return what a script leaves out, in words; empty where it does everything.

    Args:
        script: The low-level instructions.
        wanted: What it must do. Modules that are loaded from elsewhere, as protocols are, are not part of it.
    """
    return tuple(_check(script, wanted))


def _check(script: Script, wanted: tuple[Wanted, ...]) -> Iterator[str]:
    code = dict(_list_object_code(script))
    present = _follow(script)
    for item in wanted:
        for module in sorted(item.loaded):
            if present.get(module) != "load":
                yield f"{module} of {item.application} is not loaded"
            elif code.get(module) != (item.application, item.version):
                yield f"the code of {module} is not that of {item.application} {item.version}"
        for module in sorted(item.removed):
            if present.get(module) != "remove":
                yield f"{module} of {item.application} is not removed"


def _list_object_code(script: Script) -> Iterator[tuple[str, tuple[str, str]]]:
    for instruction in script:
        match instruction:
            case (Atom("load_object_code"), (Atom() as application, str() as version, list() as modules)):
                yield from ((str(module), (str(application), version)) for module in modules)


def _follow(script: Script) -> Mapping[str, str]:
    """Return what is done last with each module, ``load`` or ``remove``."""
    last: dict[str, str] = {}
    for instruction in script:
        match instruction:
            case (Atom("load" | "remove") as name, (Atom() as module, _, _)):
                last[str(module)] = str(name)
    return last
