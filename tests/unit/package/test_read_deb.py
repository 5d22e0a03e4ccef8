"""Packages are read as far as an index needs; damaged ones are errors, whatever they hold."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dray.errors import IntegrityError, StepError
from dray.package.read_deb import read_deb, read_debs
from tests.debs import build_ar, build_control, build_deb, build_tar, sha256

MEMBERS = {
    "debian-binary": b"2.0\n",
    "control.tar": build_tar({"control": build_control().encode()}),
    "data.tar": build_tar({}),
}
WITHOUT_DATA = {name: data for name, data in MEMBERS.items() if name != "data.tar"}
GOOD = build_deb(build_control(), {"usr/share/shop/x": b"x" * 100}, codec=".gz")


@pytest.mark.parametrize("codec", ["", ".gz", ".xz", ".zst"])
def test_a_package_is_read(tmp_path, codec):
    data = build_deb(build_control(Depends="libc6"), {"usr/bin/shop": b"#!"}, codec=codec)
    (tmp_path / "shop.deb").write_bytes(data)
    deb = read_deb(tmp_path / "shop.deb")
    assert (deb.package, deb.version, deb.architecture) == ("shop", "1.0-1", "amd64")
    assert (deb.size, deb.sha256) == (len(data), sha256(data))
    assert deb.control.get("Description") == "the shop\n It sells things."


@pytest.fixture
def many(tmp_path):
    """More packages than one core reads by itself."""
    paths = [tmp_path / f"shop-{number}.deb" for number in range(401)]
    for number, path in enumerate(paths):
        path.write_bytes(build_deb(build_control(Version=f"{number}-1"), {}, codec=".gz"))
    return paths


def test_many_packages_are_read_in_their_order(many, two_cores):
    assert read_debs(many) == [read_deb(path) for path in many]
    assert read_debs([]) == []


@pytest.mark.parametrize("number", [0, 1, 400])
def test_one_damaged_package_of_many_is_an_error(many, two_cores, number):
    many[number].write_bytes(GOOD[:-20])
    with pytest.raises(IntegrityError, match=f"shop-{number}.deb.*cut off"):
        read_debs(many)


def test_a_file_that_is_missing_is_an_error(tmp_path):
    with pytest.raises(StepError, match="cannot be read: No such file"):
        read_deb(tmp_path / "none.deb")


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({}, "has no header"),
        ({"control.tar": b""}, "first member is debian-binary"),
        ({**MEMBERS, "debian-binary": b"3.0\n"}, "version 2"),
        ({"debian-binary": b"2.0\n", "data.tar": b""}, "second member is control.tar"),
        ({"debian-binary": b"2.0\n", "control.tar": MEMBERS["control.tar"]}, "has no header"),
        ({**MEMBERS, "control.tar": b"\0" * 1024}, "no file control"),
        ({**MEMBERS, "control.tar": b"x" * 512}, "damaged header"),
        ({**MEMBERS, "data.tar": b""}, "data.tar: it is cut off"),
        ({**MEMBERS, "data.tar": MEMBERS["control.tar"][:600]}, "data.tar: it is cut off"),
        ({**MEMBERS, "data.tar": b"x" * 1024}, "data.tar: it has a damaged header"),
        *(
            ({**WITHOUT_DATA, f"data.tar{suffix}": data}, f"data.tar{suffix}: ")
            for suffix, data in ((".gz", b"nonsense"), (".xz", b"nonsense"), (".zst", b"nonsense"), (".lzo", b"x"))
        ),
        ({"debian-binary": b"2.0\n", "control.tar.gz": b"nonsense", "data.tar": b""}, "control.tar.gz"),
        ({"debian-binary": b"2.0\n", "control.tar.xz": b"nonsense", "data.tar": b""}, "control.tar.xz"),
        ({"debian-binary": b"2.0\n", "control.tar.zst": b"nonsense", "data.tar": b""}, "control.tar.zst"),
        ({"debian-binary": b"2.0\n", "control.tar.lzo": b"nonsense", "data.tar": b""}, "gzip, xz or zstd"),
    ],
)
def test_what_is_no_package_is_an_error_that_says_why(tmp_path, members, message):
    (tmp_path / "shop.deb").write_bytes(build_ar(members))
    with pytest.raises(IntegrityError, match=re.escape(message)):
        read_deb(tmp_path / "shop.deb")


def test_members_that_begin_with_an_underscore_are_left_out(tmp_path):
    members = {"debian-binary": b"2.0\n", "_extra": b"x", **MEMBERS}
    (tmp_path / "shop.deb").write_bytes(build_ar(members))
    assert read_deb(tmp_path / "shop.deb").package == "shop"


@pytest.mark.parametrize("codec", ["", ".gz", ".xz", ".zst"])
@pytest.mark.parametrize("size", [10, 1 << 20])
def test_a_package_whose_files_cannot_be_unpacked_is_an_error(tmp_path, codec, size):
    data = build_deb(
        build_control(), {"usr/share/shop/x": bytes(b"shop"[n % 4] + n * n % 9 for n in range(size))}, codec=codec
    )
    (tmp_path / "shop.deb").write_bytes(data)
    assert read_deb(tmp_path / "shop.deb").size == len(data)
    start = data.index(b"data.tar") + 60
    place = start + (300 if codec == "" else (len(data) - start) // 2)
    (tmp_path / "shop.deb").write_bytes(data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :])
    with pytest.raises(IntegrityError, match=re.escape(f"data.tar{codec}: ")):
        read_deb(tmp_path / "shop.deb")


@pytest.mark.parametrize("codec", [".gz", ".xz", ".zst"])
def test_a_package_that_unpacks_to_too_much_is_an_error(tmp_path, codec):
    (tmp_path / "shop.deb").write_bytes(build_deb("X: " + "x" * (17 << 20), codec=codec))
    with pytest.raises(IntegrityError, match="more than 16 MB"):
        read_deb(tmp_path / "shop.deb")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": "Shop"}, "5.6.1"),
        ({"name": "s"}, "5.6.1"),
        ({"name": "../shop"}, "5.6.1"),
        ({"name": ""}, "says its Package"),
        ({"version": "v1"}, "begins with a digit"),
        ({"version": "1/../../x"}, "begins with a digit"),
        ({"arch": "../x"}, "Architecture is one"),
        ({"arch": "amd64 arm64"}, "Architecture is one"),
    ],
)
def test_a_package_that_breaks_the_policy_is_an_error(tmp_path, fields, message):
    (tmp_path / "shop.deb").write_bytes(build_deb(build_control(**fields)))
    with pytest.raises(IntegrityError, match=re.escape(message)):
        read_deb(tmp_path / "shop.deb")


@settings(max_examples=200)
@given(st.data())
def test_a_damaged_package_is_read_or_is_an_error(tmp_path_factory, data):
    file = tmp_path_factory.getbasetemp() / "damaged.deb"
    kind = data.draw(st.sampled_from(["cut", "flip", "insert"]))
    position = data.draw(st.integers(0, len(GOOD) - 1))
    noise = data.draw(st.binary(min_size=1, max_size=8))
    rest = {"cut": b"", "flip": noise + GOOD[position + len(noise) :], "insert": noise + GOOD[position:]}[kind]
    file.write_bytes(GOOD[:position] + rest)
    try:
        read_deb(file)
    except IntegrityError:
        assert True
