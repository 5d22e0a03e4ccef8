"""Modules through dray and through beam_lib: the same chunks, the same MD5, the same stripped module."""

from __future__ import annotations

from pathlib import Path

import pytest

from dray.beam.module import KEPT_BY_MIX, module_md5, module_name, read_chunks, strip_module
from tests.differential.erlang import ask_erlang

pytestmark = pytest.mark.beam


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """All modules of OTP and Elixir on this machine."""
    folder = tmp_path_factory.mktemp("otp")
    found = ask_erlang(
        '{code:lib_dir(), [list_to_binary(F) || F <- filelib:wildcard(code:lib_dir() ++ "/*/ebin/*.beam")]}', folder
    )
    files = [Path(name.decode()) for name in found[1]]
    elixir = Path("/usr/lib/elixir/lib")
    return [*files, *elixir.glob("*/ebin/*.beam")]


def test_every_module_has_the_md5_and_the_name_that_beam_lib_says(installed, tmp_path):
    expression = "[begin {ok, {M, D}} = beam_lib:md5(F), {atom_to_binary(M), binary:encode_hex(D)} end || F <- Given]"
    answers = ask_erlang(expression, tmp_path, [str(path) for path in installed])
    assert len(answers) > 500
    for path, (name, digest) in zip(installed, answers, strict=True):
        data = path.read_bytes()
        assert (module_name(data), module_md5(data)) == (name.decode(), digest.decode().lower()), path


def test_chunks_are_those_that_beam_lib_finds(installed, tmp_path):
    some = installed[::20]
    expression = (
        "[begin {ok, _, C} = beam_lib:all_chunks(F), [{list_to_binary(N), D} || {N, D} <- C] end || F <- Given]"
    )
    answers = ask_erlang(expression, tmp_path, [str(path) for path in some])
    for path, chunks in zip(some, answers, strict=True):
        assert dict(read_chunks(path.read_bytes())) == dict(chunks), path


def test_stripping_keeps_what_mix_release_keeps(installed, tmp_path):
    some = installed[::7]
    significant = ask_erlang("[list_to_binary(N) || N <- beam_lib:significant_chunks()]", tmp_path)
    keep = frozenset((*KEPT_BY_MIX, *significant))
    expression = (
        'Names = ["Attr" | beam_lib:significant_chunks()], '
        "[begin {ok, {_, C}} = beam_lib:chunks(F, Names, [allow_missing_chunks]), "
        "[{list_to_binary(N), D} || {N, D} <- C, is_binary(D)] end || F <- Given]"
    )
    answers = ask_erlang(expression, tmp_path, [str(path) for path in some])
    for path, chunks in zip(some, answers, strict=True):
        assert dict(read_chunks(strip_module(path.read_bytes(), keep))) == dict(chunks), path


def test_otp_loads_what_dray_strips(installed, tmp_path):
    chosen = next(path for path in installed if path.name == "queue.beam")
    stripped = strip_module(
        chosen.read_bytes(),
        frozenset(
            (*KEPT_BY_MIX, b"AtU8", b"Code", b"StrT", b"ImpT", b"ExpT", b"FunT", b"LitT", b"Line", b"Type", b"Meta")
        ),
    )
    answer = ask_erlang(
        'code:unstick_mod(queue), {module, M} = code:load_binary(queue, "queue", Given), '
        "{M, queue:len(queue:from_list([a, b]))}",
        tmp_path,
        stripped,
    )
    assert answer == ("queue", 2)


def test_stripped_modules_have_the_md5_of_the_whole_ones(installed):
    for path in installed[::11]:
        data = path.read_bytes()
        keep = frozenset((b"AtU8", b"Code", b"StrT", b"ImpT", b"ExpT", b"FunT", b"LitT", b"Meta"))
        assert module_md5(strip_module(data, keep)) == module_md5(data)
