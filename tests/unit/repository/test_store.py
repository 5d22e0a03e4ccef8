"""Stores of every kind keep the same promises."""

from __future__ import annotations

import os
import threading
import time

import pytest

from dray.errors import RepositoryError
from dray.repository.store import Upload, is_immutable, validate_key

KINDS = ["folder", "ssh", "s3"]


@pytest.fixture(params=KINDS)
def store(request, make_store):
    return make_store(request.param)


@pytest.fixture
def again(request, make_store, store):
    del store
    return make_store(request.node.callspec.params["store"])


def test_what_is_put_is_got(store, tmp_path):
    (tmp_path / "body").write_bytes(b"y" * 300_000)
    with store.lock():
        store.put([Upload("a/b/x", b"one"), Upload("y", tmp_path / "body")])
    assert store.get("a/b/x").data == b"one"
    assert store.get("y").data == b"y" * 300_000
    assert store.get("a") is None
    assert store.get("a/b/none") is None


def test_what_is_there_stays(store):
    with store.lock():
        assert store.put_new([Upload("a", b"1"), Upload("b", b"1")]) == ()
        assert store.put_new([Upload("c", b"2"), Upload("a", b"2")]) == ("a",)
    assert [store.get(key).data for key in "abc"] == [b"1", b"1", b"2"]


def test_of_two_that_replace_one_succeeds(store, again):
    with store.lock():
        assert store.replace("x", b"1", None)
        assert not store.replace("x", b"2", None)
        read = store.get("x").etag
        assert store.replace("x", b"3", read)
    with again.lock():
        assert not again.replace("x", b"4", read)
        assert again.get("x").data == b"3"


def test_files_are_listed_by_folder(store):
    assert store.list_items("pool") == ()
    with store.lock():
        store.put([Upload("pool/b", b"12"), Upload("pool/a/x", b"1"), Upload("pools/c", b"")])
    listed = store.list_items("pool")
    assert [(item.key, item.size) for item in listed] == [("pool/a/x", 1), ("pool/b", 2)]
    assert all(abs(item.modified - time.time()) < 60 for item in listed)
    assert [item.key for item in store.list_items("")] == ["pool/a/x", "pool/b", "pools/c"]


def test_files_are_removed_if_they_are_there(store):
    with store.lock():
        store.put([Upload("a/b/x", b""), Upload("a/y", b"")])
        store.delete(["a/b/x", "none", "a/b/none"])
        store.delete([])
        store.put([Upload("a/b/z", b"")])
    assert [item.key for item in store.list_items("")] == ["a/b/z", "a/y"]


@pytest.mark.parametrize("key", ["", "/a", "a//b", "../a", "a/./b", "a/..", "a/"])
def test_a_key_stays_inside(store, key):
    with pytest.raises(ValueError, match="a key is"):
        store.get(key)


def test_many_files_are_stored_at_once(store):
    uploads = [Upload(f"pool/{number}/x", str(number).encode()) for number in range(40)]
    with store.lock():
        assert store.put_new(uploads) == ()
        assert store.put_new(uploads[:3]) == ("pool/0/x", "pool/1/x", "pool/2/x")
    assert store.get("pool/39/x").data == b"39"


@pytest.mark.parametrize("kind", ["folder", "ssh"])
def test_publishers_take_turns(make_store, kind):
    order = []
    stores = {name: make_store(kind) for name in "ab"}

    def work(name):
        with stores[name].lock():
            order.append(name)
            time.sleep(0.05)  # long enough for the other one to try
            order.append(name)

    threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert order[0] == order[1]
    assert order[2] == order[3]


@pytest.mark.parametrize("kind", ["folder", "ssh"])
def test_who_waits_too_long_is_told(make_store, kind):
    with (
        make_store(kind).lock(),
        pytest.raises(RepositoryError, match="being published to"),
        make_store(kind, wait=0).lock(),
    ):
        pass


def test_a_lock_that_is_left_over_is_taken_away(make_store, tmp_path):
    left = tmp_path / "store/.dray/lock"
    left.mkdir(parents=True)
    (left / "owner").write_text("gone")
    old = time.time() - 3600
    os.utime(left, (old, old))
    store = make_store("ssh", wait=0)
    with store.lock():
        store.put([Upload("x", b"")])
    assert not left.exists()


def test_who_lost_the_lock_writes_nothing(make_store, tmp_path):
    store = make_store("ssh")
    with store.lock():
        (tmp_path / "store/.dray/lock/owner").write_text("someone else")
        with pytest.raises(RepositoryError, match="someone else has taken the lock"):
            store.put([Upload("x", b"")])
    assert store.get("x") is None


def test_what_a_killed_publisher_left_is_removed(make_store, tmp_path):
    left = tmp_path / "store/.dray/new/1-2-3"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    with make_store("folder").lock():
        assert not left.exists()


def test_a_publisher_that_was_killed_while_it_wrote_many_files_leaves_none(make_store, tmp_path):
    store = make_store("folder")
    with store.lock():
        store.put([Upload("pool/old", b"old")])
        store.put([Upload(".dray/new/9-9.list", b"pool/a/x\npool/a/none\n"), Upload("pool/a/x", b"ha")])
    with store.lock():
        assert [item.key for item in store.list_items("")] == ["pool/old"]
        assert not list((tmp_path / "store/.dray/new").iterdir())


def test_many_files_that_cannot_be_written_leave_none(make_store, tmp_path):
    store = make_store("folder")
    uploads = [Upload(f"pool/{number}/x", b"x") for number in range(20)]
    with store.lock():
        with pytest.raises(RepositoryError, match="No such file"):
            store.put_new([*uploads, Upload("pool/y", tmp_path / "none")])
        assert store.list_items("pool") == ()
        assert store.put_new(uploads) == ()


def test_a_file_is_moved_onto_a_hard_link_of_what_it_was_copied_from(make_store, tmp_path):
    store = make_store("folder")
    (tmp_path / "store").mkdir()
    (tmp_path / "body").write_bytes(b"x")
    (tmp_path / "store/y").hardlink_to(tmp_path / "body")
    with store.lock():
        store.put([Upload("y", tmp_path / "body")])
    assert not list((tmp_path / "store/.dray/new").iterdir())
    assert not (tmp_path / "store/y").samefile(tmp_path / "body")


def test_a_folder_that_cannot_be_written_is_an_error(make_store, tmp_path):
    (tmp_path / "store").write_text("a file")
    with pytest.raises(RepositoryError, match="cannot be written"), make_store("folder").lock():
        pass


def test_a_machine_that_cannot_be_reached_is_an_error(make_store, tmp_path):
    store = make_store("ssh")
    (tmp_path / "ssh").write_text("#!/bin/sh\necho 'ssh: no route to host' >&2\nexit 255\n")
    with pytest.raises(RepositoryError, match="no route to host"), store.lock():
        pass


def test_what_never_changes_is_known():
    assert is_immutable("pool/main/s/shop/shop_1_amd64.deb")
    assert is_immutable("dists/stable/main/binary-amd64/by-hash/SHA256/00")
    assert not is_immutable("dists/stable/InRelease")
    assert validate_key("a.b/.c") == "a.b/.c"
