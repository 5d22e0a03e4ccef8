"""A store holds releases under their checksums, and gives them back byte by byte."""

from __future__ import annotations

import gzip
import tarfile
from pathlib import Path

import pytest

from dray.deploy.manifest import read_manifest
from dray.deploy.store import list_again, list_key, read_releases, read_stored_manifest, write_release
from dray.deploy.store_pack import build_store_pack
from dray.errors import IntegrityError, RepositoryError
from dray.repository.folder import FolderStore
from tests.collection import COLLECTION
from tests.stored import make_release

assert COLLECTION
from ansible_collections.dray.release.plugins.module_utils.store import (  # noqa: E402 - found by tests.collection
    StoreError,
    TarStore,
    checksum_entry,
    find_release,
    open_store,
)

FIRST = {
    "bin/shop": b"#!/bin/sh\n",
    "lib/shop-1.0/ebin/shop.beam": b"one",
    "lib/shop-1.0/priv": None,
    "l": "bin/shop",
}
SECOND = {**FIRST, "lib/shop-1.0/ebin/shop.beam": b"two"}


@pytest.fixture
def store(tmp_path):
    return FolderStore(tmp_path / "store")


def put(store, tmp_path, version, files, *, kit=b"kit"):
    release = make_release(tmp_path / version, version, files)
    return write_release(store, release, source=f"source of {version}", kit=kit, root="/opt/shop")


def list_files(tmp_path):
    found = (tmp_path / "store").rglob("*")
    return {str(path.relative_to(tmp_path / "store")): path.read_bytes() for path in found if path.is_file()}


def test_versions_share_what_is_equal(store, tmp_path):
    put(store, tmp_path, "1", FIRST)
    before = set(list_files(tmp_path))
    put(store, tmp_path, "2", SECOND)
    new = set(list_files(tmp_path)) - before
    assert sorted(path.split("/")[0] for path in new) == ["files", "manifests"]


def test_a_store_is_reproducible(tmp_path):
    for name in ("one", "other"):
        for version, files in (("1", FIRST), ("2", SECOND)):
            put(FolderStore(tmp_path / name / "store"), tmp_path / name, version, files)
    assert list_files(tmp_path / "one") == list_files(tmp_path / "other")
    assert not {path for path in list_files(tmp_path / "one") if path.startswith(".dray/new/")}


def test_the_collection_reads_what_dray_writes(store, tmp_path):
    stored = put(store, tmp_path, "1", FIRST)
    found = open_store(str(tmp_path / "store"))
    entry = find_release(found, "shop", checksum=stored.checksum)
    assert checksum_entry(entry) == stored.checksum
    data = found.read_verified("manifests", entry["manifest"])
    assert data == (tmp_path / "1/releases/1/manifest.json").read_bytes()
    for path, item in read_manifest(data, "").items.items():
        if item.sha256:
            assert found.read_verified("files", item.sha256) == (tmp_path / "1" / path).read_bytes()
    assert found.read_verified("files", entry["kit"]) == b"kit"
    assert found.fetched > 0


def test_the_release_that_was_stored_last_is_the_latest(store, tmp_path):
    first, second = put(store, tmp_path, "1", FIRST), put(store, tmp_path, "2", SECOND)
    assert read_releases(store, "shop") == (first, second)
    again = list_again(store, "shop", first, kit=b"new kit", root="/srv/shop")
    assert read_releases(store, "shop") == (second, again)
    reader = open_store(str(tmp_path / "store"))
    assert find_release(reader, "shop")["version"] == "1"
    assert find_release(reader, "shop", "2")["root"] == "/opt/shop"
    assert reader.read_verified("files", again.kit) == b"new kit"
    assert read_stored_manifest(store, again.manifest).version == "1"


@pytest.mark.parametrize(
    ("version", "checksum", "said"),
    [("3", None, "has no shop 3; it has: 1"), ("1", "f" * 64, "is not the one that is meant")],
    ids=["unknown", "another checksum"],
)
def test_a_release_that_is_not_there_is_not_found(store, tmp_path, version, checksum, said):
    put(store, tmp_path, "1", FIRST)
    with pytest.raises(StoreError, match=said):
        find_release(open_store(str(tmp_path / "store")), "shop", version, checksum)


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"x", "damaged"), (gzip.compress(b"other"), "another checksum"), (None, "cannot be read")],
    ids=["no gzip", "other content", "missing"],
)
def test_damage_is_noticed(store, tmp_path, data, said):
    stored = put(store, tmp_path, "1", FIRST)
    path = tmp_path / "store" / f"manifests/{stored.manifest}.json.gz"
    path.unlink() if data is None else path.write_bytes(data)
    with pytest.raises(StoreError, match=said):
        open_store(str(tmp_path / "store")).read_verified("manifests", stored.manifest)
    with pytest.raises(IntegrityError):
        read_stored_manifest(store, stored.manifest)


@pytest.mark.parametrize("text", ["{", '{"format": 1}', '{"format": 1, "releases": [{"version": "1"}]}'])
def test_a_damaged_list_is_refused(store, text):
    store.put(
        [type("Given", (), {"key": list_key("shop"), "body": text.encode(), "read": lambda _: text.encode()})()]
    )
    with pytest.raises(IntegrityError):
        read_releases(store, "shop")


def test_another_format_is_refused(store, tmp_path):
    put(store, tmp_path, "1", FIRST)
    path = tmp_path / "store/shop.json"
    path.write_text(path.read_text().replace('"format": 1', '"format": 9'))
    with pytest.raises(RepositoryError, match="does not know"):
        read_releases(store, "shop")
    with pytest.raises(StoreError, match=r"update dray\.release"):
        find_release(open_store(str(tmp_path / "store")), "shop")


def test_a_pack_has_what_a_host_lacks(store, tmp_path):
    first, second = put(store, tmp_path, "1", FIRST), put(store, tmp_path, "2", SECOND)
    base = read_stored_manifest(store, first.manifest)
    sizes = {}
    for name, given in (("delta", base), ("whole", None)):
        path = tmp_path / f"{name}.tar"
        path.write_bytes(build_store_pack(store, "shop", second, given))
        reader = open_store(str(path))
        assert isinstance(reader, TarStore)
        assert find_release(reader, "shop", checksum=second.checksum)["version"] == "2"
        with tarfile.open(path) as archive:
            sizes[name] = len([key for key in archive.getnames() if key.startswith("files/")])
    assert sizes == {"delta": 2, "whole": 3}  # the kit, too; the whole one has the launcher besides


def test_a_pack_of_a_store_with_holes_is_an_error(store, tmp_path):
    stored = put(store, tmp_path, "1", FIRST)
    (next(Path(tmp_path, "store/files").rglob("*.gz"))).unlink()
    with pytest.raises(IntegrityError, match="missing"):
        build_store_pack(store, "shop", stored, None)
