"""What is in a release: from its tree, its tar, its package and its manifest the same."""

from __future__ import annotations

import json
import tarfile

import pytest

from dray.assemble.tree import sync_tree
from dray.core.contents import File
from dray.errors import IntegrityError, UsageError
from dray.package.deb.archive import write_deb
from dray.package.deb.codec import find_codec
from dray.package.deb.files import list_release_files
from dray.package.deb.package import DebPackage
from dray.package.deb.place import Place
from dray.package.inventory import iterate_native, read_inventory
from dray.package.tar import write_tar_gz
from tests.unit.assemble.test_manifest import make


@pytest.fixture
def release(tmp_path):
    base = make(paths=("lib/shop-1.0/ebin/shop.app", "erts-13.1/bin/beam.smp", "bin/shop"), digests={})
    added = base.add(
        File("lib/shop-1.0/priv/x.so", b"\x7fELF" + bytes(40)), File("lib/other-2.0/ebin/o.app", b"1234")
    )
    done, _ = sync_tree(added, tmp_path / "tree", tmp_path / "index.json")
    write_tar_gz(done, tmp_path / "x.tar.gz", level=1, mtime=0)
    fields = (("Package", "shop"), ("Version", "1.0-1"), ("Architecture", "amd64"), ("Dray-Release", "shop 1.0"))
    package = DebPackage(fields, tuple(list_release_files(done, tmp_path / "tree", Place("shop"))))
    write_deb(package, tmp_path / "x.deb", codec=find_codec("zstd", 1), mtime=0)
    return tmp_path


SOURCES = ["tree", "x.tar.gz", "x.deb", "tree/releases/1.0/manifest.json"]


@pytest.mark.parametrize("source", SOURCES)
def test_the_parts_are_found_with_their_sizes(release, source):
    inventory = read_inventory(release / source)
    assert inventory.title == "shop 1.0"
    sizes = {(group.name, group.version, group.origin): group.size for group in inventory.groups}
    assert sizes["shop", "1.0", "project"] == len("lib/shop-1.0/ebin/shop.app") + 44
    assert sizes["ERTS", "13.1", "runtime"] == len("erts-13.1/bin/beam.smp")
    assert sizes["other", "2.0", "unknown"] == 4


@pytest.mark.parametrize("source", SOURCES[:3])
def test_native_code_is_found(release, source):
    (native,) = iterate_native(read_inventory(release / source))
    assert native.path == "lib/shop-1.0/priv/x.so"
    assert native.native == "damaged"


def test_the_largest_part_comes_first(release):
    sizes = [group.size for group in read_inventory(release / "tree").groups]
    assert sizes == sorted(sizes, reverse=True)


def test_what_is_no_release_is_refused(tmp_path):
    with pytest.raises(UsageError, match="nothing at"):
        read_inventory(tmp_path / "none")
    with pytest.raises(UsageError, match="holds the folder releases"):
        read_inventory(tmp_path)
    (tmp_path / "x.txt").write_text("x")
    with pytest.raises(UsageError, match="a Debian package, or a manifest"):
        read_inventory(tmp_path / "x.txt")


@pytest.mark.parametrize(
    "text",
    [
        *("", "{}", "[]", '{"name": 1}', "[" * 100_000),
        '{"name":"a","version":"1","applications":[],"files":[{}]}',
        '{"name":"a","version":1,"applications":[],"files":[]}',
        '{"name":"a","version":"1","applications":[{"name":"a"}],"files":[]}',
        '{"name":"a","version":"1","applications":[],"files":[{"path":["x"]}]}',
        '{"name":"a","version":"1","applications":[],"files":[{"path":"x","size":"1"}]}',
        '{"name":"a","version":"1","applications":[],"files":[{"path":"x","sha256":1}]}',
        '{"name":"a","version":"1","applications":[],"files":[],"upgrades":[{"from":["1"]}]}',
        '{"name":"a","version":"1","applications":[],"files":[],"commit":"x"}',
    ],
)
def test_another_json_file_is_refused(tmp_path, text):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(IntegrityError, match="no manifest"):
        read_inventory(tmp_path / "x.json")


def test_a_cut_tar_is_refused(release):
    whole = (release / "x.tar.gz").read_bytes()
    (release / "cut.tar.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises((IntegrityError, UsageError)):
        read_inventory(release / "cut.tar.gz")


def test_a_release_without_a_manifest_is_read_from_its_names(tmp_path):
    for path in ("releases/start_erl.data", "lib/kernel-8.5/ebin/kernel.app", "tmp/pipe"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("x")
    inventory = read_inventory(tmp_path)
    assert inventory.facts == {}
    assert {group.name for group in inventory.groups} == {"kernel", "release"}
    assert json.dumps(inventory.title) == json.dumps(tmp_path.name)
    assert not tarfile.is_tarfile(tmp_path / "releases/start_erl.data")


def test_a_tar_of_something_else_is_refused(tmp_path):
    with tarfile.open(tmp_path / "other.tar", "w") as archive:
        archive.add(__file__, "a.py")
    with pytest.raises(UsageError, match="a release's tar holds the folder releases"):
        read_inventory(tmp_path / "other.tar")
