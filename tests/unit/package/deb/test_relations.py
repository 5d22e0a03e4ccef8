"""Relations are read, written and put together."""

from __future__ import annotations

import pytest

from dray.package.deb.relations import (
    fill_template,
    format_relation,
    join_relations,
    offer_relations,
    parse_relations,
)


def text(relations):
    return [format_relation(relation) for relation in relations]


def test_relations_are_written_as_they_were_read():
    field = "libc6 (>= 2.34), libssl3t64 (>= 3.0.0) | libssl3, libx (<< 3~)"
    assert ", ".join(text(parse_relations(field))) == field
    assert text(parse_relations("libc6:any(>=2.34),,  python3")) == ["libc6 (>= 2.34)", "python3"]
    assert parse_relations("not a relation!, (>= 1)") == ()


@pytest.mark.parametrize(
    ("template", "version", "relations"),
    [
        ("libc6 #MINVER#", "2.34", ["libc6 (>= 2.34)"]),
        ("libsystemd0 #MINVER#", "0", ["libsystemd0"]),
        ("libc6 (>> 2.36), libc6 (<< 2.37)", "0", ["libc6 (>> 2.36)", "libc6 (<< 2.37)"]),
        ("libglu1-mesa | libglu1", "0", ["libglu1-mesa | libglu1"]),
    ],
)
def test_templates_are_filled(template, version, relations):
    assert text(fill_template(template, version)) == relations


@pytest.mark.parametrize(
    ("given", "joined"),
    [
        ("libc6, libc6 (>= 2.4), libc6 (>= 2.34)", "libc6 (>= 2.34)"),
        ("zlib1g (>= 1:1.2.8), zlib1g (>= 1:1.2.11.dfsg)", "zlib1g (>= 1:1.2.11.dfsg)"),
        ("b, a", "a, b"),
        ("a (>> 1), a (<< 2), a (>= 1.5)", "a (<< 2), a (>= 1.5), a (>> 1)"),
        ("a (>= 1) | b (>= 3), a (>= 2) | b (>= 2)", "a (>= 2) | b (>= 3)"),
        ("a | b, a", "a, a | b"),
    ],
)
def test_the_strongest_relation_of_a_kind_remains(given, joined):
    assert ", ".join(text(join_relations(parse_relations(given)))) == joined


@pytest.mark.parametrize(
    ("given", "offered"),
    [
        ("libssl3t64 (>= 3.0.0), libssl3 (>= 3.0.0)", "libssl3t64 (>= 3.0.0) | libssl3 (>= 3.0.0)"),
        ("libx1 (>= 2), libx1 (>= 1)", "libx1 (>= 1)"),
        ("libx1 (>= 2), libx1", "libx1"),
        ("a | b, b (>= 2) | c", "a | b | c"),
    ],
)
def test_one_relation_offers_what_several_distributions_have(given, offered):
    assert format_relation(offer_relations(parse_relations(given))) == offered
