"""ELF files say what they need: libraries, symbols and their versions."""

from __future__ import annotations

import contextlib
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dray.errors import IntegrityError
from dray.native.needs import NeededSymbol, SymbolVersion, read_needs
from tests.elf import build_elf

CRYPTO = build_elf(
    needed=("libcrypto.so.3", "libc.so.6"),
    symbols=(
        ("EVP_sha256", "OPENSSL_3.0.0", "libcrypto.so.3"),
        ("memcpy", "GLIBC_2.14", "libc.so.6"),
        ("enif_make_int", "", ""),
    ),
    versions=(("libc.so.6", "GLIBC_ABI_DT_RELR", False), ("libc.so.6", "GLIBC_2.99", True)),
    runpath="$ORIGIN/../lib:/opt/x",
)

words = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.]{0,12}", fullmatch=True)
sonames = st.from_regex(r"lib[a-z]{1,8}\.so(\.[0-9])?", fullmatch=True)


def test_what_a_nif_needs_is_read():
    needs = read_needs(CRYPTO, file="priv/crypto.so")
    assert needs.file == "priv/crypto.so"
    assert needs.cpu == "x86_64"
    assert needs.soname == ""
    assert needs.needed == ("libcrypto.so.3", "libc.so.6")
    assert needs.versions == (
        SymbolVersion("libc.so.6", "GLIBC_2.14"),
        SymbolVersion("libc.so.6", "GLIBC_2.99", weak=True),
        SymbolVersion("libc.so.6", "GLIBC_ABI_DT_RELR"),
        SymbolVersion("libcrypto.so.3", "OPENSSL_3.0.0"),
    )
    assert needs.symbols == (
        NeededSymbol("EVP_sha256", "OPENSSL_3.0.0", "libcrypto.so.3"),
        NeededSymbol("memcpy", "GLIBC_2.14", "libc.so.6"),
        NeededSymbol("enif_make_int"),
    )
    assert needs.search == ("$ORIGIN/../lib", "/opt/x")


@given(
    needed=st.lists(sonames, unique=True, max_size=4),
    soname=st.one_of(st.just(""), sonames),
    symbols=st.lists(st.tuples(words, st.one_of(st.just(""), words), sonames), max_size=6),
    runpath=st.one_of(st.just(""), st.just("$ORIGIN")),
    interpreter=st.one_of(st.just(""), st.just("/lib64/ld-linux-x86-64.so.2")),
    kind=st.sampled_from([("x86_64", 64, True), ("aarch64", 64, True), ("arm", 32, True), ("s390x", 64, False)]),
)
def test_what_is_written_is_read(needed, soname, symbols, runpath, interpreter, kind):
    cpu, bits, little = kind
    symbols = [(name, version, library if version else "") for name, version, library in symbols]
    given_values = {"needed": needed, "soname": soname, "symbols": symbols, "runpath": runpath}
    data = build_elf(**given_values, interpreter=interpreter, cpu=cpu, bits=bits, little=little)
    needs = read_needs(data, file="x.so")
    assert needs.cpu == cpu
    assert (needs.needed, needs.soname, needs.interpreter) == (tuple(needed), soname, interpreter)
    assert needs.search == ((runpath,) if runpath else ())
    assert needs.symbols == tuple(NeededSymbol(*symbol) for symbol in symbols)
    assert {(one.soname, one.name) for one in needs.versions} == {(s, v) for _, v, s in symbols if v}


@given(st.data())
def test_damaged_files_are_read_or_refused(data):
    damaged = bytearray(CRYPTO)
    for place in data.draw(st.lists(st.integers(0, len(damaged) - 1), max_size=8)):
        damaged[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.one_of(st.just(len(damaged)), st.integers(0, len(damaged))))
    with contextlib.suppress(IntegrityError):
        read_needs(bytes(damaged[:cut]), file="x.so")


@given(st.binary(max_size=300))
def test_what_is_no_elf_file_is_refused(data):
    with contextlib.suppress(IntegrityError):
        read_needs(CRYPTO[:64] + data, file="x.so")
    if not data.startswith(b"\x7fELF"):
        with pytest.raises(IntegrityError):
            read_needs(data, file="x.so")


def test_a_truncated_file_is_damaged():
    with pytest.raises(IntegrityError, match="the ELF file is damaged"):
        read_needs(CRYPTO[:-40], file="x.so")


def test_a_chain_of_versions_without_an_end_is_damaged():
    data = build_elf(needed=("liba.so",), versions=(("liba.so", "A", False), ("libb.so", "B", False)))
    table = data.index(b"\x01\x00\x01\x00")
    following = data.index((32).to_bytes(4, "little"), table)
    endless = data[:following] + (0x100000000 - 32).to_bytes(4, "little") + data[following + 4 :]
    with pytest.raises(IntegrityError):
        read_needs(endless, file="x.so")


@pytest.mark.parametrize(
    ("needed", "interpreter", "musl"),
    [
        (("libc.musl-x86_64.so.1",), "", True),
        (("libc.so",), "", True),
        (("libgcc_s.so.1",), "/lib/ld-musl-x86_64.so.1", True),
        (("libc.so.6",), "/lib64/ld-linux-x86-64.so.2", False),
        ((), "", False),
    ],
)
def test_musl_is_told_from_glibc(needed, interpreter, musl):
    assert read_needs(build_elf(needed=needed, interpreter=interpreter), file="x").uses_musl is musl


@pytest.mark.beam
def test_a_static_program_needs_nothing_and_a_stripped_library_the_same(tmp_path):
    (tmp_path / "x.c").write_text('#include <stdio.h>\nint main(void) { return puts("x"); }\n')
    subprocess.run(("cc", "-static", "-o", "static", "x.c"), cwd=tmp_path, check=True)
    subprocess.run(("cc", "-shared", "-fPIC", "-Wl,-soname,libx.so.1", "-o", "x.so", "x.c"), cwd=tmp_path, check=True)
    static = read_needs((tmp_path / "static").read_bytes(), file="static")
    assert (static.needed, static.symbols) == ((), ())
    whole = read_needs((tmp_path / "x.so").read_bytes(), file="x.so")
    assert whole.soname == "libx.so.1"
    assert NeededSymbol("puts", "GLIBC_2.2.5", "libc.so.6") in whole.symbols or whole.cpu != "x86_64"
    data = bytearray((tmp_path / "x.so").read_bytes())
    data[40:48] = bytes(8)  # without section headers, as sstrip leaves it
    data[60:64] = bytes(4)
    assert read_needs(bytes(data), file="x.so") == whole
