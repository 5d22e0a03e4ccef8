"""Licences and native code of dependencies."""

from __future__ import annotations

from dray.beam.etf import decode, encode
from dray.core.term import FALSE, TRUE, Atom, Map
from dray.project.packages import add_package_facts, read_hex_licenses


def test_licences_are_read_from_hexs_metadata(tmp_path):
    (tmp_path / "hex_metadata.config").write_text('{<<"name">>,<<"x">>}.\n{<<"licenses">>,[<<"MIT">>,<<"BSD">>]}.\n')
    assert read_hex_licenses(tmp_path) == ("MIT", "BSD")


def test_damaged_or_missing_metadata_says_nothing(tmp_path):
    assert read_hex_licenses(tmp_path) == ()
    (tmp_path / "hex_metadata.config").write_text("{broken")
    assert read_hex_licenses(tmp_path) == ()


def test_native_code_shows_in_priv(tmp_path):
    (tmp_path / "priv").mkdir()
    (tmp_path / "priv" / "x.so").write_bytes(b"\x7fELF....")
    item = (Atom("x"), (Atom("ok"), b"1"), Atom("Elixir.Hex.SCM"), str(tmp_path).encode(), [])
    plain = (Atom("y"), (Atom("ok"), b"1"), Atom("Elixir.Hex.SCM"), str(tmp_path / "none").encode(), [])
    found = decode(add_package_facts(encode(Map(((Atom("dependencies"), [item, plain]),)))))
    native, other = found.get(Atom("dependencies"))
    assert (native[6], other[6]) == (TRUE, FALSE)
