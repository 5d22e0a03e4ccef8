"""The tree on disk equals the manifest, always, and only what changed is written."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from dray.assemble import tree as tree_module
from dray.assemble.tree import TreeChange, scan_tree, sync_tree
from dray.core.contents import Directory, File, Symlink
from dray.core.release import Release
from dray.errors import StepError

MANIFEST = "releases/1.0/manifest.json"


def release(*entries):
    return Release(name="shop", version="1.0").add(*entries)


@pytest.fixture
def place(tmp_path):
    """Return a function that syncs a release to a tree and returns what it did."""

    def sync(made, **options) -> TreeChange:
        _, change = sync_tree(made, tmp_path / "rel" / "shop", tmp_path / "work" / "shop.json", **options)
        return change

    sync.root = tmp_path / "rel" / "shop"
    sync.index = tmp_path / "work" / "shop.json"
    return sync


def content(root):
    return {
        path: (root / path).read_text()
        for path in scan_tree(root)
        if path != MANIFEST and not (root / path).is_symlink()
    }


BASE = release(File("bin/shop", b"#!/bin/sh\n", 0o755), File("lib/a-1/ebin/a.app", b"a"), File("share/x", b"x"))


def test_a_fresh_tree_has_all_files_with_their_modes(place):
    assert place(BASE) == TreeChange(3, 0)
    assert content(place.root) == {"bin/shop": "#!/bin/sh\n", "lib/a-1/ebin/a.app": "a", "share/x": "x"}
    assert stat.S_IMODE((place.root / "bin/shop").stat().st_mode) == 0o755


def test_modes_do_not_depend_on_the_umask(place):
    before = os.umask(0o077)
    try:
        place(BASE)
    finally:
        os.umask(before)
    assert stat.S_IMODE((place.root / "share/x").stat().st_mode) == 0o644


def test_nothing_is_written_where_nothing_has_changed(place):
    place(BASE)
    before = scan_tree(place.root)
    assert place(BASE) == TreeChange(0, 0)
    assert scan_tree(place.root) == before


def test_only_what_changed_is_written(place):
    place(BASE)
    before = scan_tree(place.root)
    assert place(BASE.add(File("share/x", b"new"))) == TreeChange(1, 0)
    after = scan_tree(place.root)
    assert {path for path in after if after[path] != before[path]} == {"share/x", MANIFEST}


def test_what_left_can_be_left_for_later(place):
    more = BASE.add(File("share/deep/er/y", b"y"))
    place(more)
    assert place(BASE, prune=False) == TreeChange(0, 0, stale=1)
    assert place(more, prune=False) == TreeChange(0, 0)
    assert place(BASE, prune=False).stale == 1
    assert place(BASE) == TreeChange(0, 1)
    assert not (place.root / "share/deep").exists()


def test_what_left_the_manifest_leaves_the_disk_with_its_folders(place):
    place(BASE.add(File("share/deep/er/y", b"y")))
    assert place(BASE).removed == 1
    assert not (place.root / "share/deep").exists()
    assert (place.root / "share/x").exists()


def test_a_file_that_someone_changed_is_written_again(place):
    place(BASE)
    (place.root / "share/x").write_text("!")
    assert place(BASE).written == 1
    assert (place.root / "share/x").read_text() == "x"


def test_a_file_that_someone_removed_comes_back(place):
    place(BASE)
    (place.root / "bin/shop").unlink()
    assert place(BASE).written == 1


def test_a_mode_that_someone_changed_is_mended(place):
    place(BASE)
    (place.root / "bin/shop").chmod(0o644)
    place(BASE)
    assert stat.S_IMODE((place.root / "bin/shop").stat().st_mode) == 0o755


def test_a_new_mode_is_a_change(place):
    place(BASE)
    place(BASE.add(File("share/x", b"x", 0o755)))
    assert stat.S_IMODE((place.root / "share/x").stat().st_mode) == 0o755


def test_sources_are_read_again_only_when_they_change(place, tmp_path, monkeypatch):
    source = tmp_path / "source"
    source.write_text("one")
    os.utime(source, (1, 1))
    made = release(File("share/x", source))
    monkeypatch.setattr(tree_module.time, "time_ns", lambda: 4_000_000_000_000_000_000)
    place(made)
    reads = []
    real = tree_module.read_with_key
    monkeypatch.setattr(tree_module, "read_with_key", lambda s, now: reads.append(s) or real(s, now))
    place(made)
    assert source not in reads
    source.write_text("two")
    place(made)
    assert (place.root / "share/x").read_text() == "two"


def test_a_source_that_was_just_written_is_not_trusted(place, tmp_path):
    source = tmp_path / "source"
    source.write_text("one")
    place(release(File("share/x", source)))
    index = json.loads(place.index.read_text())
    assert "!" in index["files"]["share/x"][0]


def test_what_the_running_release_made_stays(place):
    place(BASE)
    for path in ("tmp/COOKIE", "releases/COOKIE", "data/shop.db", "erl_crash.dump"):
        (place.root / path).parent.mkdir(exist_ok=True)
        (place.root / path).write_text("mine")
    place(BASE.add(File("share/x", b"new")))
    for path in ("tmp/COOKIE", "releases/COOKIE", "data/shop.db", "erl_crash.dump"):
        assert (place.root / path).read_text() == "mine"


@pytest.mark.parametrize("path", ["bin/old", "lib/gone-1/ebin/x.beam", "erts-1/bin/y", "releases/0.9/start.boot"])
def test_strangers_in_the_releases_own_folders_go(place, path):
    place(BASE)
    (place.root / path).parent.mkdir(parents=True, exist_ok=True)
    (place.root / path).write_text("left by something else")
    place(BASE)
    assert not (place.root / path).exists()


def test_a_file_can_take_the_place_of_a_folder_and_the_other_way_round(place):
    place(release(File("share/x", b"file"), File("etc/y/z", b"deep")))
    place(release(File("share/x/y", b"deep"), File("etc/y", b"file")))
    assert content(place.root) == {"share/x/y": "deep", "etc/y": "file"}


def test_links_and_empty_folders_are_made_and_changed(place):
    place(release(Symlink("current", "a"), Directory("empty")))
    assert str((place.root / "current").readlink()) == "a"
    assert (place.root / "empty").is_dir()
    place(release(Symlink("current", "b")))
    assert str((place.root / "current").readlink()) == "b"
    place(release(File("current", b"file")))
    assert (place.root / "current").read_text() == "file"
    place(release(Symlink("current", "c")))
    assert str((place.root / "current").readlink()) == "c"


def test_the_manifest_lists_every_file_with_size_and_checksum(place):
    place(BASE)
    manifest = json.loads((place.root / MANIFEST).read_text())
    assert {item["path"]: (item["size"], item["mode"]) for item in manifest["files"]} == {
        "bin/shop": (10, "0755"),
        "lib/a-1/ebin/a.app": (1, "0644"),
        "share/x": (1, "0644"),
    }
    assert manifest["files"][2]["sha256"] == "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"


@pytest.mark.parametrize("damage", ["", "{}", "[]", '{"format": 1, "root": "x", "files": {"a": 1}}', "\0\1"])
def test_a_damaged_index_is_no_index(place, damage):
    place(BASE)
    place.index.write_text(damage)
    assert place(BASE).written == 3
    assert place(BASE).written == 0


def test_an_index_of_another_tree_is_no_index(place, tmp_path):
    place(BASE)
    _, change = sync_tree(BASE, tmp_path / "other", place.index)
    assert change.written == 3


def test_a_full_disk_leaves_the_old_tree(place, monkeypatch):
    place(BASE)
    before = content(place.root)
    real = os.write

    def full(descriptor, data):
        if data == b"does not fit":
            raise OSError(28, "No space left on device")
        return real(descriptor, data)

    monkeypatch.setattr(tree_module.os, "write", full)
    with pytest.raises(StepError, match="No space left on device") as caught:
        place(BASE.add(File("share/x", b"does not fit"), File("bin/shop", b"new", 0o755)))
    assert caught.value.hint is not None
    assert content(place.root) == before
    assert [path.name for path in place.root.parent.iterdir()] == ["shop"]
    monkeypatch.undo()
    place(BASE.add(File("share/x", b"fits now")))
    assert (place.root / "share/x").read_text() == "fits now"


def test_a_source_that_is_gone_is_an_error_that_names_it(place, tmp_path):
    with pytest.raises(StepError, match="gone"):
        place(BASE.add(File("share/y", tmp_path / "gone")))
    assert not place.root.exists()


@pytest.mark.parametrize("at", ["rename", "replace", "unlink"])
def test_an_interruption_is_mended_by_the_next_build(place, monkeypatch, at):
    """The interrupt comes while files are moved into place."""
    if at != "rename":
        place(BASE.add(File("lib/old-1/x", b"old")))
    real = getattr(Path, at)
    calls = []

    def interrupt(self, *arguments, **named):
        calls.append(self)
        if len(calls) == 1 and place.root.name in str(self):
            raise KeyboardInterrupt
        return real(self, *arguments, **named)

    monkeypatch.setattr(Path, at, interrupt)
    changed = BASE.add(File("share/x", b"changed"), File("bin/shop", b"changed", 0o755))
    with pytest.raises(KeyboardInterrupt):
        place(changed)
    monkeypatch.undo()
    place(changed)
    assert content(place.root) == {"bin/shop": "changed", "lib/a-1/ebin/a.app": "a", "share/x": "changed"}
    assert place(changed) == TreeChange(0, 0)


def test_many_files_are_written_by_several_processes(place):
    many = release(*(File(f"lib/a-1/priv/{number}", str(number).encode()) for number in range(700)))
    assert place(many).written == 700
    assert content(place.root) == {f"lib/a-1/priv/{number}": str(number) for number in range(700)}


def test_an_error_in_another_process_is_the_same_error(place, tmp_path):
    many = [File(f"lib/a-1/priv/{number:04}", b"x") for number in range(700)]
    with pytest.raises(StepError, match="gone"):
        place(release(*many, *(File(f"lib/a-1/priv/z{n}", tmp_path / "gone") for n in range(4))))
