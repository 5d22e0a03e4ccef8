"""The last kept build of another version is found, whatever else lies beside it."""

from __future__ import annotations

import os
import tarfile

import pytest

from dray.core.upgrade import Input
from dray.errors import ConfigError
from dray.upgrade.bases import list_archives, list_inputs, read_last, resolve_path
from tests.debs import write_deb
from tests.unit.upgrade.releases import app, list_files, write_build


@pytest.fixture
def pack(tmp_path):
    """Return a function that archives a release, older ones with a smaller age."""

    def do(version, file, *, age, name="shop"):
        tree = write_build(tmp_path / "trees" / file, version, name=name, apps={"shop": app("m")})
        path = tmp_path / "out" / file
        path.parent.mkdir(exist_ok=True)
        with tarfile.open(path, "w:gz") as archive:
            archive.add(tree, arcname=".")
        os.utime(path, (age, age))
        return path

    return do


def pack_deb(folder, version, *, age, name="shop", title="shop"):
    """Package a release, older ones with a smaller age."""
    files = list_files(version, name=title, apps={"shop": app("m")})
    placed = {f"usr/lib/{name}/{path}": data for path, data in files.items()}
    path = write_deb(folder, name, f"{version}-1", files=placed, Dray_Release=f"{title} {version}")
    os.utime(path, (age, age))
    return path


def test_a_package_is_as_good_as_an_archive(pack, tmp_path):
    pack("1", "shop-1.tar.gz", age=1)
    pack_deb(tmp_path / "out", "2", age=2)
    pack_deb(tmp_path / "out", "2.1", age=3, name="another", title="another")
    pack_deb(tmp_path / "out", "3", age=4)
    write_deb(tmp_path / "out", "tools", "9")
    (tmp_path / "out/broken.deb").write_bytes(b"!<arch>")
    assert [path.name for path in list_archives(tmp_path / "out", "shop", "3")] == [
        "shop_2-1_amd64.deb",
        "shop-1.tar.gz",
    ]
    last = read_last(tmp_path / "out", "shop", "3")
    assert last is not None
    assert (last.version, last.carries("shop")) == ("2", True)
    newer = pack("2.5", "shop-2.5.tar.gz", age=9)
    assert list_archives(tmp_path / "out", "shop", "3")[0] == newer


def test_a_package_of_another_name_is_one_of_the_release(tmp_path):
    pack_deb(tmp_path, "1", age=1, name="shop-server", title="shop_server")
    last = read_last(tmp_path, "shop_server", "2")
    assert last is not None
    assert last.version == "1"


def test_the_newest_archive_of_another_version_is_the_last(pack, tmp_path):
    pack("1", "shop-1.tar.gz", age=1)
    pack("2", "shop-2.tar.gz", age=2)
    pack("3", "shop-3.tar.gz", age=3)
    last = read_last(tmp_path / "out", "shop", "3")
    assert last is not None
    assert last.version == "2"


def test_what_an_archive_holds_counts_not_its_name(pack, tmp_path):
    pack("1", "shop-old.tgz", age=1)
    pack("3", "shop-linux.tar.gz", age=3)
    pack("2", "shop-other.tar.gz", age=2, name="other")
    last = read_last(tmp_path / "out", "shop", "3")
    assert last is not None
    assert last.version == "1"


def test_an_archive_of_something_else_is_passed_over(pack, tmp_path):
    pack("1", "shop-1.tar.gz", age=1)
    with tarfile.open(tmp_path / "out/shop-assets.tar.gz", "w:gz") as archive:
        archive.add(__file__, arcname="assets/x")
    last = read_last(tmp_path / "out", "shop", "2")
    assert last is not None
    assert last.version == "1"


def test_there_may_be_none(pack, tmp_path):
    assert read_last(tmp_path / "nowhere", "shop", "1") is None
    pack("1", "shop-1.tar.gz", age=1)
    assert read_last(tmp_path / "out", "shop", "1") is None


def test_the_choice_depends_on_the_folder_and_on_all_archives(pack, tmp_path):
    paths = [pack("2", "shop-2.tar.gz", age=2), pack("1", "shop-1.tar.gz", age=1)]
    assert list_inputs(tmp_path / "out", "shop") == (
        Input(tmp_path / "out", names_only=True),
        *map(Input, paths),
    )


def test_paths_are_those_of_the_project(tmp_path):
    (tmp_path / "old").mkdir()
    assert resolve_path(tmp_path, "old") == tmp_path / "old"
    assert resolve_path(tmp_path / "old", str(tmp_path)) == tmp_path
    with pytest.raises(ConfigError, match="there is no release at .*gone"):
        resolve_path(tmp_path, "gone")
