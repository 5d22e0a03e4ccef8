"""What becomes of a module in an upgrade, and why: decided from the new module alone.

The old one does not know what the new one needs: a ``gen_server`` that gets its first ``code_change/3`` had none.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dray.beam.module_facts import ModuleFacts

SUPERVISORS = {
    "supervisor": "a supervisor",
    "Elixir.Supervisor": "a Supervisor",
    "Elixir.DynamicSupervisor": "a DynamicSupervisor",
}
PROCESSES = {
    "gen_server": ("a gen_server", 3),
    "gen_statem": ("a gen_statem", 4),
    "gen_event": ("a gen_event handler", 3),
    "gen_fsm": ("a gen_fsm", 4),
    "Elixir.GenServer": ("a GenServer", 3),
    "Elixir.GenEvent": ("a GenEvent handler", 3),
    "Elixir.GenStage": ("a GenStage", 3),
}


class Kind(StrEnum):
    """What is done with a module."""

    ADD = "added"
    REMOVE = "removed"
    LOAD = "load"
    SUSPEND = "soft update"
    CODE_CHANGE = "code_change"
    SUPERVISOR = "supervisor"


@dataclass(frozen=True, slots=True)
class ModuleChange:
    """A module that changes.

    Args:
        name: The module.
        kind: What is done with it.
        reason: Why.
        uses: The modules that it calls.
    """

    name: str
    kind: Kind
    reason: str
    uses: frozenset[str] = frozenset()


def describe_process(facts: ModuleFacts) -> str:
    """Return what the processes of a module are by its behaviours, in words."""
    kinds = {behaviour: what for behaviour, (what, _) in PROCESSES.items()} | SUPERVISORS
    return " and ".join(sorted(kinds[item] for item in facts.behaviours if item in kinds)) or "no process"


def classify_module(facts: ModuleFacts) -> ModuleChange:
    """Return what is done with a module that both releases have.

    Args:
        facts: What the new module says of itself.
    """
    kind, reason = _choose_kind(facts)
    return ModuleChange(facts.name, kind, reason, facts.used_modules)


def _choose_kind(facts: ModuleFacts) -> tuple[Kind, str]:
    for behaviour in facts.behaviours:
        if behaviour in SUPERVISORS:
            return Kind.SUPERVISOR, f"{SUPERVISORS[behaviour]}, whose children are specified anew"
    if facts.exports_function("system_code_change", 4):
        return Kind.CODE_CHANGE, "a special process that exports system_code_change/4"
    known = [PROCESSES[behaviour] for behaviour in facts.behaviours if behaviour in PROCESSES]
    for what, arity in known:
        if facts.exports_function("code_change", arity):
            return Kind.CODE_CHANGE, f"{what} that exports code_change/{arity}"
    for arity in (3, 4):
        if facts.exports_function("code_change", arity):
            return Kind.CODE_CHANGE, f"it exports code_change/{arity}"
    if known:
        what, arity = known[0]
        return Kind.SUSPEND, f"{what} without code_change/{arity}: its processes wait while it is loaded"
    return Kind.LOAD, "no process has it as its callback module"
