"""Terms through dray and through OTP: the same values."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dray.beam.etf import decode, encode
from dray.beam.term_writer import format_pretty, format_term
from dray.beam.terms import parse_terms
from dray.core.term import Atom
from tests.differential.erlang import ask_erlang
from tests.strategies import terms

pytestmark = pytest.mark.beam

FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(st.lists(terms, max_size=8))
@FEW
def test_otp_reads_what_dray_encodes_and_writes_what_dray_decodes(tmp_path, found):
    assert encode(ask_erlang("Given", tmp_path, found)) == encode(found)


@given(st.lists(terms, max_size=8))
@FEW
def test_otp_consults_what_dray_writes(tmp_path, found):
    file = tmp_path / "terms.txt"
    lines = [format_term(term) + ".\n" for term in found] + [format_pretty(term, width=30) + ".\n" for term in found]
    file.write_text("%% coding: utf-8\n" + "".join(lines), encoding="utf-8")
    answer = ask_erlang(f'element(2, file:consult("{file}"))', tmp_path)
    assert encode(answer) == encode([*found, *found])


@given(st.lists(terms, max_size=8))
@FEW
def test_dray_reads_what_otp_prints(tmp_path, found):
    expression = '[unicode:characters_to_binary(io_lib:format(F, [T])) || T <- Given, F <- ["~tp.", "~tw.", "~0tp."]]'
    printed = ask_erlang(expression, tmp_path, found)
    expected = [encode(term) for term in found for _ in range(3)]
    assert [encode(parse_terms(text.decode())[0]) for text in printed] == expected


def test_what_lives_in_one_node_is_carried_both_ways(tmp_path):
    (pid, reference, fun, port) = ask_erlang("{self(), make_ref(), fun() -> ok end, hd(erlang:ports())}", tmp_path)
    assert [found.kind for found in (pid, reference, fun, port)] == ["pid", "reference", "fun", "port"]
    answer = ask_erlang("{is_pid(element(1, Given)), is_reference(element(2, Given))}", tmp_path, (pid, reference))
    assert answer == (Atom("true"), Atom("true"))


def test_compressed_terms_of_otp_are_read(tmp_path):
    packed = ask_erlang('term_to_binary(lists:duplicate(1000, {hello, <<"world">>}), [compressed])', tmp_path)
    assert decode(packed) == [(Atom("hello"), b"world")] * 1000
