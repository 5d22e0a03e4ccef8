"""The text of terms: what file:consult reads, and what it would read back."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dray.beam.etf import encode
from dray.beam.term_writer import format_pretty, format_term
from dray.beam.terms import decode_source, parse_terms
from dray.core.term import Atom, Bitstring, ExternalFun, ImproperList, Map, Opaque
from dray.errors import IntegrityError
from tests.strategies import terms

READ = [
    ("foo", Atom("foo")),
    ("'Elixir.Foo'", Atom("Elixir.Foo")),
    (r"'it\'s'", Atom("it's")),
    ("[]", []),
    ('""', []),
    ('"text"', "text"),
    (r'"a\nb\x{1F600}\"\\\101"', 'a\nb\U0001f600"\\A'),
    ('"two" "parts"', "twoparts"),
    ("[116,101]", "te"),
    ("[a, 1]", [Atom("a"), 1]),
    ("[a|b]", ImproperList((Atom("a"),), Atom("b"))),
    ("[1|[2,a]]", [1, 2, Atom("a")]),
    ('[65|"B"]', "AB"),
    ("[ 'a b' , c ]", [Atom("a b"), Atom("c")]),
    ("{a, {}}", (Atom("a"), ())),
    ("-12", -12),
    ("+3", 3),
    ("1_000_000", 1000000),
    ("16#fF", 255),
    ("2#1010", 10),
    ("$a", 97),
    (r"$\n", 10),
    (r"$\x{e9}", 233),
    ("$ ", 32),
    ("1.5e3", 1500.0),
    ("-0.5", -0.5),
    ("<<>>", b""),
    ("<<1,2,255>>", b"\x01\x02\xff"),
    ('<<"text">>', b"text"),
    ('<<"é"/utf8>>', "é".encode()),
    ('<<"ab",0,"c">>', b"ab\x00c"),
    ("<<1:4,2:4>>", b"\x12"),
    ("<<5:3>>", Bitstring(b"\xa0", 3)),
    ("<<258:16>>", b"\x01\x02"),
    ("#{}", Map(())),
    ('#{a => 1, "b" => [x]}', Map(((Atom("a"), 1), ("b", [Atom("x")])))),
    ("fun lists:map/2", ExternalFun(Atom("lists"), Atom("map"), 2)),
    ("[fun a:b/1]", [ExternalFun(Atom("a"), Atom("b"), 1)]),
    ("(foo)", Atom("foo")),
    ('~"sigil"', b"sigil"),
    ('~S"a\\nb"', "a\\nb"),
    ('"""\n  line\n    two\n  """', "line\n  two"),
]


@pytest.mark.parametrize(("text", "term"), READ, ids=[text for text, _ in READ])
def test_terms_are_read(text, term):
    (found,) = parse_terms(f"{text}.")
    assert found == term
    assert encode(found) == encode(term)


def test_comments_and_white_space_are_skipped():
    assert parse_terms("%% head\n {a,%inside\n 1} .\n%% end\nb.") == [(Atom("a"), 1), Atom("b")]


def test_an_empty_file_has_no_terms():
    assert parse_terms(" %% nothing\n") == []


BROKEN = [
    ("{a", "end of the file", 1),
    ("a", "end of the file", 1),
    ("{a,\n b}\n\nc}.", "c", 4),
    ("{a b}.", "b", 1),
    ("[a,].", "]", 1),
    ("Variable.", "Variable", 1),
    ("<<a>>.", ">>", 1),
    ("\n\n  'open", "'open", 1),
    ("99#1.", "99#1", 1),
    ("#{a=>}.", "}", 1),
    ("f(x).", "(", 1),
]


@pytest.mark.parametrize(("text", "got", "line"), BROKEN, ids=[text for text, _, _ in BROKEN])
def test_what_is_no_term_is_refused_with_its_line(text, got, line):
    with pytest.raises(IntegrityError) as caught:
        parse_terms(text, file="shop.app")
    assert caught.value.got is not None
    assert got in caught.value.got
    assert caught.value.location is not None
    assert caught.value.location.file == "shop.app"
    assert caught.value.location.line >= line


def test_deep_nesting_is_an_error_and_not_a_crash():
    with pytest.raises(IntegrityError, match="too deeply"):
        parse_terms("[" * 100_000)


WRITTEN = [
    (Atom("foo"), "foo"),
    (Atom("Elixir.Foo"), "'Elixir.Foo'"),
    (Atom(""), "''"),
    (Atom("end"), "'end'"),
    (Atom("maybe"), "'maybe'"),
    (Atom("it's"), r"'it\'s'"),
    ('a\tb"', r'"a\tb\""'),
    ("\x01", "[1]"),
    ("ü", '"ü"'),
    ("Ω", "[937]"),
    ([], "[]"),
    (b"text", '<<"text">>'),
    (b"", "<<>>"),
    (b"\xff\x00", "<<255,0>>"),
    ("é".encode(), '<<"é"/utf8>>'),
    (1e22, "1.0e+22"),
    (0.1, "0.1"),
    (Bitstring(b"\xa0", 3), "<<5:3>>"),
    (Map(((Atom("a"), 1),)), "#{a => 1}"),
    (ImproperList((1,), 2), "[1|2]"),
]


@pytest.mark.parametrize(("term", "text"), WRITTEN, ids=[text for _, text in WRITTEN])
def test_terms_are_written(term, text):
    assert format_term(term) == text


@given(terms)
def test_what_is_written_reads_back(term):
    (found,) = parse_terms(format_term(term) + ".")
    assert encode(found) == encode(term)


@given(terms, st.integers(1, 60))
def test_breaking_into_lines_changes_nothing(term, width):
    (found,) = parse_terms(format_pretty(term, width=width) + ".")
    assert encode(found) == encode(term)


@given(st.text())
def test_any_text_is_read_or_refused(text):
    with contextlib.suppress(IntegrityError):
        parse_terms(text)


@given(st.text(alphabet="[]{}<>#=>\"'$\\.,|:/ab1~%\n "))
def test_text_of_punctuation_is_read_or_refused(text):
    with contextlib.suppress(IntegrityError):
        parse_terms(text)


def test_a_pid_has_no_text():
    with pytest.raises(ValueError, match="pid"):
        format_term([Opaque("pid", b"X")])


def test_files_are_utf8_unless_they_say_otherwise():
    assert decode_source("ü".encode(), file="x") == "ü"
    assert decode_source(b"%% coding: latin-1\n\xfc", file="x").endswith("ü")
    with pytest.raises(IntegrityError) as caught:
        decode_source(b"ok\n\xfc", file="x")
    assert caught.value.location is not None
    assert caught.value.location.line == 2
