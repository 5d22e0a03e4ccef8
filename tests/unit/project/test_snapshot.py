"""Snapshots see every change: a wrong "nothing has changed" would be a bug."""

from __future__ import annotations

import os
import time

import pytest

from dray.project.snapshot import differences, read_content_key, take_snapshot

LATER = 3_000_000_000


def take(root, *, later=0):
    return take_snapshot([root], moment=time.time_ns() + later)


def recorded(root):
    """Return a snapshot as a build keeps it."""
    taken = take(root)
    return taken.settle(taken)


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "a.ex").write_text("one")
    (tmp_path / "mix.exs").write_text("mix")
    return tmp_path


def test_nothing_has_changed_where_nothing_was_done(tree):
    assert differences(recorded(tree), take(tree)) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "lib" / "a.ex").write_text("longer"),
        lambda root: (root / "lib" / "a.ex").write_text("two"),
        lambda root: (root / "lib" / "a.ex").unlink(),
        lambda root: (root / "lib" / "b.ex").write_text(""),
        lambda root: (root / "lib" / "a.ex").rename(root / "lib" / "c.ex"),
        lambda root: (root / "lib" / "new").mkdir() or (root / "lib" / "new" / "d.ex").touch(),
    ],
    ids=["longer", "same size", "removed", "added", "renamed", "in a new folder"],
)
def test_every_change_is_seen_even_right_after(tree, change):
    before = recorded(tree)
    change(tree)
    assert differences(before, take(tree)) != []


def test_a_change_that_keeps_size_and_times_is_seen(tree):
    """As `cp -p` or `touch -r` do: the change time of the inode cannot be set."""
    file = tree / "lib" / "a.ex"
    found = file.stat()
    before = recorded(tree)
    file.write_text("two")
    os.utime(file, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert differences(before, take(tree)) == [str(file)]


def test_a_change_within_the_clocks_tick_is_seen_by_its_content(tree):
    """The recorded state is made to equal the one after the change, as a coarse clock would."""
    file = tree / "lib" / "a.ex"
    before = recorded(tree)
    file.write_text("two")
    now = take(tree)
    same_times = {path: (*now.files[path][:4], state[4]) for path, state in before.files.items()}
    assert differences(type(before)(same_times, before.moment), now) == [str(file)]


def test_old_files_need_no_content(tree):
    file = tree / "lib" / "a.ex"
    taken = take(tree, later=LATER)
    assert taken.settle(taken).files[str(file)][4] == ""


def test_a_file_that_changed_while_it_was_recorded_counts_as_changed(tree):
    before = take(tree)
    (tree / "lib" / "a.ex").write_text("changed meanwhile")
    settled = before.settle(take(tree))
    assert differences(settled, take(tree)) == [str(tree / "lib" / "a.ex")]


def test_touching_alone_is_a_change_of_time(tree):
    before = recorded(tree)
    os.utime(tree / "mix.exs", (1, 1))
    assert differences(before, take(tree)) == [str(tree / "mix.exs")]


def test_links_are_seen_as_links(tree):
    (tree / "link").symlink_to("mix.exs")
    before = recorded(tree)
    (tree / "link").unlink()
    (tree / "link").symlink_to("lib/a.ex")
    assert differences(before, take(tree)) == [str(tree / "link")]


def test_results_and_caches_are_left_out_but_not_their_lock(tree):
    for folder in ("_build", ".git", "node_modules", "__pycache__"):
        (tree / "assets" / folder).mkdir(parents=True)
        (tree / "assets" / folder / "x").write_text("x")
    (tree / "assets" / "node_modules" / ".package-lock.json").write_text("{}")
    below = [path for path in take(tree).files if "/assets/" in path]
    assert below == [str(tree / "assets" / "node_modules" / ".package-lock.json")]


def test_accepted_files_are_no_change(tree):
    before = recorded(tree)
    (tree / "made.o").write_text("x")
    after = take(tree)
    accepted = before.update(after, [str(tree / "made.o")]).settle(after)
    assert differences(accepted, take(tree)) == []


def test_a_removed_file_can_be_accepted_too(tree):
    before = recorded(tree)
    (tree / "mix.exs").unlink()
    assert differences(before.update(take(tree), [str(tree / "mix.exs")]), take(tree)) == []


def test_missing_roots_and_files_are_empty(tmp_path):
    assert take_snapshot([tmp_path / "none"], [tmp_path / "nothing"], moment=0).files == {}


def test_what_links_lead_to_is_seen(tree, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "one.ex").write_text("one")
    (elsewhere / "folder").mkdir()
    (elsewhere / "folder" / "deep.ex").write_text("deep")
    (tree / "lib" / "linked.ex").symlink_to(elsewhere / "one.ex")
    (tree / "lib" / "folder").symlink_to(elsewhere / "folder")
    for name in ("one.ex", "folder/deep.ex"):
        before = recorded(tree)
        (elsewhere / name).write_text("new")
        assert differences(before, take(tree)) == [str(elsewhere / name)]


def test_links_in_a_circle_end(tree):
    (tree / "lib" / "above").symlink_to(tree)
    (tree / "lib" / "itself").symlink_to("itself")
    (tree / "lib" / "nowhere").symlink_to("nothing")
    assert {path.removeprefix(f"{tree}/") for path in take(tree).files} == {
        *("mix.exs", "lib/a.ex", "lib/above", "lib/itself", "lib/nowhere")
    }


def test_results_are_taken_as_they_lie(tree, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "one.ex").write_text("one")
    (tree / "linked").symlink_to(elsewhere)
    taken = take_snapshot([tree], moment=0, follow=False)
    assert set(taken.files) == {str(tree / name) for name in ("mix.exs", "lib/a.ex", "linked")}


def test_pipe_of_a_system_that_runs_in_the_project_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert read_content_key(str(tmp_path / "pipe")) == "special"
