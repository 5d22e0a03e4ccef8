"""The instructions of a generated appup, up and down."""

from __future__ import annotations

import pytest

from dray.beam.term_writer import format_term
from dray.upgrade.instructions import build_instructions
from dray.upgrade.module_change import Kind, ModuleChange


def change(name, kind, *uses):
    return ModuleChange(name, kind, "", frozenset(uses))


def written(script):
    return [format_term(item) for item in script]


ALONE = {
    Kind.ADD: ("{add_module,m}", "{delete_module,m}"),
    Kind.REMOVE: ("{delete_module,m}", "{add_module,m}"),
    Kind.LOAD: ("{load_module,m,soft_purge,soft_purge,[]}",) * 2,
    Kind.SUSPEND: ("{update,m,soft,soft_purge,soft_purge,[]}",) * 2,
    Kind.CODE_CHANGE: ("{update,m,{advanced,[]},soft_purge,soft_purge,[]}",) * 2,
    Kind.SUPERVISOR: ("{update,m,static,default,{advanced,[]},soft_purge,soft_purge,[]}",) * 2,
}


@pytest.mark.parametrize("kind", Kind)
def test_each_kind_has_its_instruction(kind):
    up, down = build_instructions((change("m", kind),), "soft")
    assert (written(up), written(down)) == ([ALONE[kind][0]], [ALONE[kind][1]])


def test_old_code_can_be_purged_brutally_in_both_directions():
    for way in build_instructions((change("m", Kind.LOAD),), "brutal"):
        assert written(way) == ["{load_module,m,brutal_purge,brutal_purge,[]}"]


def test_what_comes_is_first_what_goes_is_last_and_down_is_up_backwards():
    changes = (
        change("a", Kind.LOAD, "c", "n", "lists"),
        change("c", Kind.LOAD),
        change("n", Kind.ADD, "o"),
        change("o", Kind.ADD),
        change("x", Kind.REMOVE, "y"),
        change("y", Kind.REMOVE),
    )
    up, down = build_instructions(changes, "soft")
    assert written(up) == [
        "{add_module,o}",
        "{add_module,n}",
        "{load_module,c,soft_purge,soft_purge,[]}",
        "{load_module,a,soft_purge,soft_purge,[c]}",
        "{delete_module,x}",
        "{delete_module,y}",
    ]
    assert written(down) == [
        "{add_module,y}",
        "{add_module,x}",
        "{load_module,a,soft_purge,soft_purge,[c]}",
        "{load_module,c,soft_purge,soft_purge,[]}",
        "{delete_module,n}",
        "{delete_module,o}",
    ]


def test_modules_of_a_circle_depend_on_each_other():
    up, _ = build_instructions((change("a", Kind.LOAD, "b"), change("b", Kind.CODE_CHANGE, "a")), "soft")
    assert written(up) == [
        "{update,b,{advanced,[]},soft_purge,soft_purge,[a]}",
        "{load_module,a,soft_purge,soft_purge,[b]}",
    ]
