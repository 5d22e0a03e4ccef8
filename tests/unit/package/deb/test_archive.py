"""The file of a package: its members, its checksums, and the same bytes every time."""

from __future__ import annotations

import hashlib
import io
import lzma
import stat
import tarfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dray.core.contents import Directory, File, Symlink
from dray.errors import ConfigError
from dray.package.deb.archive import format_fields, list_with_folders, write_deb
from dray.package.deb.codec import choose_codec, find_codec
from dray.package.deb.package import DebPackage
from dray.packed import load_zstd

DECOMPRESS = {
    "zst": load_zstd().decompress,
    "xz": lzma.decompress,
    "gz": lambda data: zlib.decompress(data, 31),
}
FIELDS = (
    ("Package", "shop"),
    ("Version", "1.0-1"),
    ("Architecture", "all"),
    ("Maintainer", "Ann <ann@shop.example>"),
    ("Description", "shop\nIt sells.\n.\nReally."),
)
CONTENTS = (
    File("usr/lib/shop/bin/shop", b"#!/bin/sh\n", 0o755),
    File("etc/shop/environment", b"A=1\n", 0o640),
    File("usr/lib/shop/" + "long/" * 40 + "näme", b"x" * 1000),
    Symlink("usr/bin/shop", "../lib/shop/bin/shop"),
    Directory("var/empty", 0o750),
)


def sample(**given):
    scripts = (File("postinst", b"#!/bin/sh\nexit 0\n", 0o755),)
    return DebPackage(
        **{
            "fields": FIELDS,
            "contents": CONTENTS,
            "scripts": scripts,
            "conffiles": ("etc/shop/environment",),
            **given,
        }
    )


def split_ar(data):
    """Return the members of an ar archive, name and bytes."""
    assert data.startswith(b"!<arch>\n")
    place, members = 8, []
    while place < len(data):
        head = data[place : place + 60]
        assert head[58:] == b"`\n"
        size = int(head[48:58])
        members.append((head[:16].decode().strip(), data[place + 60 : place + 60 + size]))
        place += 60 + size + size % 2
    return members


def open_deb(path):
    """Return the control archive and the data archive, as name, entry and bytes."""
    (first, version), control, data = split_ar(path.read_bytes())
    assert (first, version) == ("debian-binary", b"2.0\n")
    assert [control[0][:12], data[0][:9]] == ["control.tar.", "data.tar."]
    return [read_tar(DECOMPRESS[name.rpartition(".")[2]](found)) for name, found in (control, data)]


def read_tar(data):
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {entry.name: (entry, tar.extractfile(entry).read() if entry.isfile() else b"") for entry in tar}


@pytest.mark.parametrize("codec", ["zstd", "xz", "gzip"])
def test_a_package_has_what_it_is_made_of(tmp_path, codec):
    path = tmp_path / "shop.deb"
    digest = write_deb(sample(), path, codec=find_codec(codec), mtime=1000)
    assert (digest.size, digest.sha256) == (path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
    control, data = open_deb(path)
    assert list(control) == [".", "./conffiles", "./control", "./md5sums", "./postinst"]
    assert control["./conffiles"][1] == b"/etc/shop/environment\n"
    assert {entry.uname for entry, _ in data.values()} == {"root"}
    assert {entry.mtime for entry, _ in data.values()} == {1000}
    for entry in CONTENTS:
        found, content = data[f"./{entry.path}"]
        match entry:
            case File():
                assert (content, stat.S_IMODE(found.mode)) == (entry.source, entry.mode)
            case Symlink():
                assert (found.issym(), found.linkname) == (True, entry.target)
            case Directory():
                assert (found.isdir(), found.mode) == (True, entry.mode)
    sums = dict(reversed(line.split("  ", 1)) for line in control["./md5sums"][1].decode().splitlines())
    files = {entry.path: entry.source for entry in CONTENTS if isinstance(entry, File)}
    assert sums == {path: hashlib.md5(content, usedforsecurity=False).hexdigest() for path, content in files.items()}


def test_every_folder_stands_before_what_is_in_it(tmp_path):
    seen = set()
    for entry in list_with_folders(CONTENTS):
        parent = entry.path.rpartition("/")[0]
        assert not parent or parent in seen
        seen.add(entry.path)


def test_the_installed_size_counts_each_file_in_whole_kilobytes(tmp_path):
    path = tmp_path / "shop.deb"
    contents = (File("a", b""), File("b", b"x"), File("c", b"x" * 1025))
    write_deb(sample(contents=contents, conffiles=()), path, codec=find_codec("gzip"), mtime=0)
    control, _ = open_deb(path)
    assert b"Maintainer: Ann <ann@shop.example>\nInstalled-Size: 3\n" in control["./control"][1]
    assert "./conffiles" not in control


def test_a_description_of_many_lines_is_indented():
    assert format_fields(FIELDS[-1:]) == "Description: shop\n It sells.\n .\n Really.\n"


@pytest.mark.parametrize("codec", ["zstd", "xz", "gzip"])
def test_the_same_package_gives_the_same_bytes(tmp_path, codec):
    made = []
    for name in ("one", "two"):
        (tmp_path / name).write_bytes(b"y" * 5000)
        contents = (*CONTENTS, File("usr/share/y", tmp_path / name))
        write_deb(sample(contents=contents), tmp_path / "x.deb", codec=find_codec(codec), mtime=7)
        made.append((tmp_path / "x.deb").read_bytes())
    assert made[0] == made[1]


def test_a_file_that_cannot_be_read_leaves_the_old_package(tmp_path):
    path = tmp_path / "shop.deb"
    path.write_bytes(b"old")
    with pytest.raises(FileNotFoundError):
        write_deb(sample(contents=(File("a", tmp_path / "gone"),)), path, codec=find_codec("zstd"), mtime=0)
    assert (path.read_bytes(), list(tmp_path.iterdir())) == (b"old", [path])


@given(st.lists(st.binary(max_size=100), max_size=5))
def test_any_content_comes_back(tmp_path_factory, contents):
    path = tmp_path_factory.mktemp("deb") / "x.deb"
    files = tuple(File(f"usr/{number}", data) for number, data in enumerate(contents))
    write_deb(sample(contents=files, conffiles=()), path, codec=find_codec("zstd", 1), mtime=0)
    _, data = open_deb(path)
    assert [content for entry, content in data.values() if entry.isfile()] == contents


def test_the_codec_is_one_that_all_distributions_read():
    assert choose_codec(("debian-12", "ubuntu-22.04"), None, None).name == "zstd"
    assert choose_codec(("debian-11", "debian-13"), None, None).name == "xz"
    assert choose_codec(("debian-11",), "gzip", 3).level == 3
    with pytest.raises(ConfigError, match="level is a number from 0 to 9 for xz") as caught:
        choose_codec(("debian-12",), "xz", 12)
    assert caught.value.got == "12"
