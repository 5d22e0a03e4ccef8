"""What systools made is changed so that a node of Elixir can follow."""

from __future__ import annotations

import pytest

from dray.beam.term_writer import format_term
from dray.beam.terms import parse_terms
from dray.core.term import Atom
from dray.upgrade.relup import Direction, Start, format_relup, transform_script

FRAME = (
    "{apply,{dray_node,ready,[]}}",
    "point_of_no_return",
    "{apply,{dray_node,configure,[]}}",
    "{apply,{dray_node,stop_children,[]}}",
    "{apply,{dray_node,load_protocols,[]}}",
    "{apply,{dray_node,update_children,[]}}",
)


def transform(text, **direction):
    (script,) = parse_terms(f"[{text}].")
    done = transform_script(script, Direction(**{key: frozenset(value) for key, value in direction.items()}))
    return [format_term(item) for item in done]


def own(text, **direction):
    """Return the instructions that are not dray's own, ``|`` where the protocols are loaded."""
    done = transform(text, **direction)
    shown = ["|" if item == FRAME[4] else item for item in done]
    return " ".join(item for item in shown if item not in FRAME)


def test_the_node_is_asked_before_and_told_in_order():
    assert transform("point_of_no_return") == list(FRAME)


def test_code_is_read_before_the_point_of_no_return():
    done = transform('{load_object_code,{shop,"2",[a]}},point_of_no_return,{load,{a,soft_purge,soft_purge}}')
    assert done == [
        FRAME[0],
        '{load_object_code,{shop,"2",[a]}}',
        *FRAME[1:5],
        "{load,{a,soft_purge,soft_purge}}",
        FRAME[5],
    ]


CASES = {
    "new modules are loaded first": (
        (
            "point_of_no_return,{suspend,[a]},{load,{a,soft_purge,soft_purge}},{load,{n,brutal_purge,brutal_purge}},"
            "{resume,[a]}"
        ),
        {"added": "n"},
        "{load,{n,brutal_purge,brutal_purge}} | {suspend,[a]} {load,{a,soft_purge,soft_purge}} {resume,[a]}",
    ),
    "modules that go are removed last": (
        "point_of_no_return,{remove,{x,brutal_purge,brutal_purge}},{purge,[x]},{load,{a,soft_purge,soft_purge}}",
        {"removed": "x"},
        "| {load,{a,soft_purge,soft_purge}} {remove,{x,brutal_purge,brutal_purge}} {purge,[x]}",
    ),
    "softly, nobody is ended for a module that comes or goes": (
        "point_of_no_return,{load,{n,brutal_purge,brutal_purge}},{remove,{x,brutal_purge,brutal_purge}},{purge,[x]}",
        {"added": "n", "removed": "x", "softened": "nx"},
        "{load,{n,soft_purge,soft_purge}} | {remove,{x,soft_purge,soft_purge}}",
    ),
    "protocols are not loaded from ebin": (
        (
            '{load_object_code,{shop,"2",[p,a]}},{load_object_code,{more,"2",[q]}},point_of_no_return,'
            "{load,{p,soft_purge,soft_purge}},{load,{a,soft_purge,soft_purge}},{load,{q,soft_purge,soft_purge}}"
        ),
        {"protocols": "pq"},
        '{load_object_code,{shop,"2",[a]}} | {load,{a,soft_purge,soft_purge}}',
    ),
    "an application that is restarted keeps its order": (
        (
            "point_of_no_return,{apply,{application,stop,[shop]}},{remove,{a,brutal_purge,brutal_purge}},"
            "{remove,{p,brutal_purge,brutal_purge}},{purge,[a,p]},{load,{a,brutal_purge,brutal_purge}},"
            "{load,{p,brutal_purge,brutal_purge}},{apply,{application,start,[shop,permanent]}}"
        ),
        {"protocols": "p"},
        (
            "| {apply,{application,stop,[shop]}} {remove,{a,brutal_purge,brutal_purge}} {purge,[a]} "
            "{load,{a,brutal_purge,brutal_purge}} {apply,{application,start,[shop,permanent]}}"
        ),
    ),
    "a module that goes to another application is not removed": (
        (
            "point_of_no_return,{load,{a,soft_purge,soft_purge}},{apply,{application,stop,[old]}},"
            "{remove,{a,brutal_purge,brutal_purge}},{purge,[a]},{apply,{application,unload,[old]}}"
        ),
        {"stopped": ["old"]},
        "| {load,{a,soft_purge,soft_purge}} {apply,{application,stop,[old]}} {apply,{application,unload,[old]}}",
    ),
    "applications stop in the reverse order of their start": (
        (
            "point_of_no_return,{apply,{application,stop,[a]}},{remove,{x,brutal_purge,brutal_purge}},{purge,[x]},"
            "{apply,{application,unload,[a]}},{apply,{application,stop,[b]}},{apply,{application,unload,[b]}}"
        ),
        {"removed": "x", "stopped": ["a", "b"]},
        (
            "| {apply,{application,stop,[b]}} {apply,{application,unload,[a]}} {apply,{application,stop,[a]}} "
            "{apply,{application,unload,[b]}} {remove,{x,brutal_purge,brutal_purge}} {purge,[x]}"
        ),
    ),
    "what else an appup asks for stays": (
        "{apply,{m,before,[]}},point_of_no_return,{apply,{m,f,[1]}},{sync_nodes,id,[]},{stop,[a]},{start,[a]}",
        {},
        "{apply,{m,before,[]}} | {apply,{m,f,[1]}} {sync_nodes,id,[]} {stop,[a]} {start,[a]}",
    ),
}


STARTS = "{apply,{application,start,[one,permanent]}},{apply,{application,start,[two,permanent]}}"
CHANGES = (
    "{suspend,[{a,5000}]},{load,{a,soft_purge,soft_purge}},{code_change,up,[{a,[]}]},{resume,[a]},"
    "{load,{b,soft_purge,soft_purge}}"
)
NEEDS = {
    "what needs nothing that changes starts first": ((Start("one"), Start("two")), "one two a b"),
    "what needs changed code starts after it": ((Start("one", modules=frozenset("a")), Start("two")), "two a one b"),
    "and what needs that, after both": (
        (Start("one", modules=frozenset("b")), Start("two", frozenset({"one"}))),
        "a b one two",
    ),
}


@pytest.mark.parametrize(("started", "order"), NEEDS.values(), ids=NEEDS)
def test_new_applications_start_when_what_they_need_is_loaded(started, order):
    (script,) = parse_terms(f"[point_of_no_return,{STARTS},{CHANGES}].")
    done = [format_term(item) for item in transform_script(script, Direction(started=started))]
    marks = {
        "{apply,{application,start,[one,permanent]}}": "one",
        "{apply,{application,start,[two,permanent]}}": "two",
        "{resume,[a]}": "a",
        "{load,{b,soft_purge,soft_purge}}": "b",
    }
    assert " ".join(marks[item] for item in done if item in marks) == order


@pytest.mark.parametrize(("script", "direction", "done"), CASES.values(), ids=CASES)
def test_instructions_find_their_place(script, direction, done):
    assert own(script, **direction) == done


def test_a_relup_names_every_base_in_both_directions():
    text = format_relup("2.0", [("1.0", (Atom("up"),), (Atom("down"),)), ("1.1", (), ())]).decode()
    assert text == '%% coding: utf-8\n{"2.0",[{"1.0",[],[up]},{"1.1",[],[]}],[{"1.0",[],[down]},{"1.1",[],[]}]}.\n'
