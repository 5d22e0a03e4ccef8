"""What dray keeps for itself is whole or not there."""

from __future__ import annotations

import pytest

from dray.disk import read_sealed, write_atomically, write_sealed


def test_a_file_is_replaced_and_nothing_is_left_beside_it(tmp_path):
    file = tmp_path / "folder/file"
    for data in (b"one", b"two"):
        write_atomically(file, data)
        assert file.read_bytes() == data
    assert list(file.parent.iterdir()) == [file]


def test_a_file_that_cannot_be_written_keeps_its_content(tmp_path, monkeypatch):
    file = tmp_path / "file"
    write_sealed(file, b"old")
    (tmp_path / ".file.new").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_sealed(file, b"new")
    assert read_sealed(file) == b"old"


@pytest.mark.parametrize("data", [b"", b"text", bytes(1000)], ids=["empty", "text", "zeros"])
def test_what_was_sealed_is_read_again(tmp_path, data):
    write_sealed(tmp_path / "file", data)
    assert read_sealed(tmp_path / "file") == data


@pytest.mark.parametrize(
    "damage",
    [lambda data: b"", lambda data: data[:-1], lambda data: data + b"!", bytes.swapcase, lambda data: bytes(40)],
    ids=["emptied", "cut", "longer", "changed", "zeros"],
)
def test_damage_is_noticed(tmp_path, damage):
    file = tmp_path / "file"
    write_sealed(file, b"some text")
    file.write_bytes(damage(file.read_bytes()))
    assert read_sealed(file) is None


def test_nothing_is_read_where_nothing_is(tmp_path):
    assert read_sealed(tmp_path / "none") is None
