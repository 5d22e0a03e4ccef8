"""What becomes of a module is decided from the new one."""

from __future__ import annotations

import pytest

from dray.beam.module_facts import ModuleFacts
from dray.upgrade.module_change import Kind, classify_module

CASES = {
    "a plain module": ((), (), Kind.LOAD, "no process has it as its callback module"),
    "a gen_server with code_change": (
        ("gen_server",),
        (("code_change", 3),),
        Kind.CODE_CHANGE,
        "a gen_server that exports code_change/3",
    ),
    "a gen_server without": (
        ("gen_server",),
        (("init", 1),),
        Kind.SUSPEND,
        "a gen_server without code_change/3: its processes wait while it is loaded",
    ),
    "a GenServer": (
        ("Elixir.GenServer",),
        (("code_change", 3),),
        Kind.CODE_CHANGE,
        "a GenServer that exports code_change/3",
    ),
    "a gen_statem has four arguments": (
        ("gen_statem",),
        (("code_change", 4),),
        Kind.CODE_CHANGE,
        "a gen_statem that exports code_change/4",
    ),
    "a gen_event handler": (
        ("gen_event",),
        (("code_change", 3),),
        Kind.CODE_CHANGE,
        "a gen_event handler that exports code_change/3",
    ),
    "a gen_fsm without": (
        ("gen_fsm",),
        (),
        Kind.SUSPEND,
        "a gen_fsm without code_change/4: its processes wait while it is loaded",
    ),
    "a special process": (
        (),
        (("system_code_change", 4), ("system_continue", 3)),
        Kind.CODE_CHANGE,
        "a special process that exports system_code_change/4",
    ),
    "a behaviour that dray does not know": (
        ("my_server",),
        (("code_change", 3),),
        Kind.CODE_CHANGE,
        "it exports code_change/3",
    ),
    "a supervisor": (
        ("supervisor",),
        (("init", 1),),
        Kind.SUPERVISOR,
        "a supervisor, whose children are specified anew",
    ),
    "a Supervisor of Elixir": (
        ("Elixir.Supervisor",),
        (),
        Kind.SUPERVISOR,
        "a Supervisor, whose children are specified anew",
    ),
    "a DynamicSupervisor": (
        ("Elixir.DynamicSupervisor",),
        (),
        Kind.SUPERVISOR,
        "a DynamicSupervisor, whose children are specified anew",
    ),
    "application and supervisor in one": (
        ("application", "supervisor"),
        (("start", 2), ("init", 1)),
        Kind.SUPERVISOR,
        "a supervisor, whose children are specified anew",
    ),
    "an application callback": (
        ("Elixir.Application",),
        (("start", 2),),
        Kind.LOAD,
        "no process has it as its callback module",
    ),
}


@pytest.mark.parametrize(("behaviours", "exports", "kind", "reason"), CASES.values(), ids=CASES)
def test_the_new_module_says_what_it_needs(behaviours, exports, kind, reason):
    change = classify_module(ModuleFacts("m", behaviours, frozenset(exports), frozenset({("n", "f", 1)})))
    assert (change.name, change.kind, change.reason, change.uses) == ("m", kind, reason, {"n"})
