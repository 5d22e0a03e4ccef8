"""Stanzas: what is written is read again, and what is no stanza is an error that says where."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dray.errors import IntegrityError
from dray.package.deb822 import Stanza, format_stanza, format_stanzas, parse_stanza, parse_stanzas, validate_field

words = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp")), max_size=20)
continuations = words.filter(bool).map(lambda word: f"\n {word}")
values = st.builds(lambda first, rest: first + "".join(rest), words, st.lists(continuations, max_size=3))
names = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,10}", fullmatch=True)
stanzas = st.lists(st.tuples(names, values), min_size=1, max_size=6, unique_by=lambda field: field[0].lower()).map(
    lambda fields: Stanza(tuple(fields))
)


@given(st.lists(stanzas, max_size=4))
def test_what_is_written_is_read_again(given_stanzas):
    assert parse_stanzas(format_stanzas(given_stanzas)) == tuple(given_stanzas)


@given(st.binary(max_size=200))
def test_any_bytes_are_stanzas_or_an_error(data):
    try:
        found = parse_stanzas(data)
    except IntegrityError:
        return
    assert parse_stanzas(format_stanzas(found)) == found


def test_the_order_of_fields_stays_and_the_case_of_names_does_not_count():
    stanza = parse_stanza("Package: shop\nVersion: 1\n").set("version", "2").set("Size", "3").remove("PACKAGE")
    assert stanza.fields == (("Version", "2"), ("Size", "3"))
    assert stanza.get("VERSION") == "2"
    assert stanza.get("Missing", "none") == "none"


def test_several_empty_lines_part_stanzas_as_one_does():
    assert [stanza.get("A") for stanza in parse_stanzas("\n\nA: 1\n \n\nA: 2")] == ["1", "2"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Package shop\n", "a field is a name, a colon, a value"),
        (": x\n", "a field is a name, a colon, a value"),
        ("# comment: x\n", "a field is a name, a colon, a value"),
        (" continued\n", "a continuation follows a field"),
        ("A: 1\na: 2\n", "a field stands once in a stanza"),
        ("A: 1\r\n", "control character"),
        ("A: \0\n", "control character"),
        (b"A: \xff\n", "not UTF-8"),
        ("A: 1\n\nB: 2\n", "one stanza"),
        ("", "one stanza"),
    ],
)
def test_what_is_no_stanza_is_an_error(text, message):
    with pytest.raises(IntegrityError, match=re.escape(message)):
        parse_stanza(text)


def test_an_error_names_the_line():
    with pytest.raises(IntegrityError, match="control of shop, line 3"):
        parse_stanza("A: 1\nB: 2\nC\n", file="control of shop")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("", "x"),
        ("A B", "x"),
        ("-A", "x"),
        ("A:", "x"),
        ("A", "x\ny"),
        ("A", "x\n\n y"),
        ("A", "x\n "),
        ("A", " x"),
        ("A", "x\r"),
        ("A", "x\n y "),
    ],
)
def test_a_field_that_would_not_be_read_again_is_not_written(name, value):
    with pytest.raises(ValueError, match="got"):
        validate_field(name, value)


def test_a_value_may_begin_on_its_second_line():
    assert format_stanza(Stanza((("Conffiles", "\n /etc/shop"),))) == "Conffiles:\n /etc/shop\n"
