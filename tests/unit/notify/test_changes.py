"""What changed between two releases: by the folders that commits touch, and by versions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dray.core.application import AppOrigin
from dray.core.history import LoggedCommit
from dray.core.project import Dependency, Member
from dray.notify.changes import SHARED, build_changes, find_changes, list_commits
from dray.notify.previous import Known
from dray.project.git import find_revision, read_history, read_user
from tests.fakes import FakeShell
from tests.unit.notify.releases import APPS, SHELL, app, git, make_release, make_umbrella, write_commit

OWN = {"shop": "0.1.0", "shop_web": "0.2.0"}
FOLDERS = {"shop": "apps/shop/", "shop_web": "apps/shop_web/"}


def commit(*files, subject="Change", sha="1"):
    return LoggedCommit(sha, subject, "Ada", files)


def build(*commits, before=None, own=OWN):
    return build_changes(own, before or {}, commits, FOLDERS, SHARED)


def subjects(change):
    return [line.subject for line in change.commits.shown]


def test_a_commit_counts_for_the_application_whose_folder_it_touches():
    changes = build(commit("apps/shop/lib/a.ex", subject="One"), commit("README.md", subject="Two"))
    assert [(item.name, subjects(item)) for item in changes.applications] == [("shop", ["One"])]
    assert changes.unchanged == "shop_web"


def test_a_folder_that_begins_with_the_name_of_another_is_another():
    changes = build(commit("apps/shop_web/lib/a.ex"))
    assert [item.name for item in changes.applications] == ["shop_web"]


@pytest.mark.parametrize("file", ["mix.lock", "mix.exs", "config/runtime.exs", "rel/config.py"])
def test_what_all_share_counts_for_all(file):
    changes = build(commit(file, subject="Shared"))
    assert changes.alike == "shop 0.1.0, shop_web 0.2.0"
    assert changes.unchanged == ""
    assert [line.subject for line in changes.shared.shown] == ["Shared"]


@pytest.mark.parametrize("file", ["README.md", "apps/other/lib/a.ex", "config.md", "apps/shop.md", "docs/mix.exs"])
def test_what_nobody_runs_counts_for_nobody(file):
    changes = build(commit(file))
    assert (changes.applications, changes.unchanged) == ((), "shop, shop_web")


def test_another_version_is_a_change_without_a_commit():
    changes = build(before={"shop": "0.0.9", "shop_web": "0.2.0"})
    assert [(item.name, item.previous, item.version) for item in changes.applications] == [("shop", "0.0.9", "0.1.0")]
    assert changes.unchanged == "shop_web"


def test_a_new_application_says_so():
    changes = build(before={"shop": "0.1.0"})
    assert [(item.name, item.previous) for item in changes.applications] == [("shop_web", "new")]


def test_many_commits_and_applications_are_counted_not_listed():
    listed = list_commits([commit("a", sha=str(number)) for number in range(30)])
    assert (len(listed.shown), listed.more) == (8, 22)
    own = {f"app{number}": "1" for number in range(50)}
    folders = {name: f"apps/{name}/" for name in own}
    changes = build_changes(own, {}, [commit(*(f"{folder}a" for folder in folders.values()))], folders, SHARED)
    assert len(changes.applications) == 20
    assert changes.alike.endswith("and 20 more")


def test_a_commit_without_words_is_one_line_too():
    (line,) = list_commits([LoggedCommit("1", "", "A\nB" * 100)]).shown
    assert (line.subject, len(line.author)) == ("(no subject)", 40)


def test_commits_are_found_in_git(root):
    first = git(root, "rev-parse", "HEAD")
    write_commit(root, "apps/shop/lib/ä b.ex", "Sell lamps")
    write_commit(root, "apps/shop_web/a.ex", "Show lamps", author="Zoë <z@x.example>")
    git(root, "mv", "apps/shop_web/a.ex", "apps/shop_mail/a.ex")
    git(root, "commit", "-q", "-m", "Move lamps")
    changes = find_changes(make_release(root, "1.1.0"), Known("1.0.0", first), SHELL, root)
    assert {item.name: subjects(item) for item in changes.applications} == {
        "shop": ["Sell lamps"],
        "shop_web": ["Move lamps", "Show lamps"],
        "shop_mail": ["Move lamps"],
    }
    assert changes.applications[1].commits.shown[1].author == "Zoë"


def test_the_history_of_a_folder_in_a_repository_is_told_from_its_own_root(tmp_path):
    inner = tmp_path / "services" / "shop"
    inner.mkdir(parents=True)
    git(tmp_path, "init", "-q")
    first = write_commit(inner, "mix.exs", "First")
    write_commit(inner, "lib/a.ex", "Second")
    last = write_commit(tmp_path, "other/b.ex", "Third")
    history = read_history(SHELL, inner, first, last)
    assert [(item.subject, item.files) for item in history] == [("Second", ("lib/a.ex",))]


def test_a_project_of_one_application_owns_all_its_files(tmp_path):
    first = make_umbrella(tmp_path, apps=())
    write_commit(tmp_path, "mix.lock", "Update plug")
    write_commit(tmp_path, "lib/a.ex", "Sell lamps")
    release = make_release(tmp_path, apps=("shop",))
    single = replace(release.project, members=(Member("shop", "0.1.0", tmp_path),))
    changes = find_changes(replace(release, project=single), Known("0.9", first), SHELL, tmp_path)
    assert [subjects(item) for item in changes.applications] == [["Sell lamps", "Update plug"]]


def test_a_dependency_in_the_project_is_shared(root):
    first = git(root, "rev-parse", "HEAD")
    write_commit(root, "vendor/codec/lib/codec.ex", "Mend the codec")
    release = make_release(root)
    codec = Dependency("codec", "1", "path", root / "vendor/codec")
    release = replace(release, project=replace(release.project, dependencies=(codec,)))
    changes = find_changes(release, Known("0.9", first), SHELL, root)
    assert [line.subject for line in changes.shared.shown] == ["Mend the codec"]


def test_a_first_release_lists_what_it_has(root):
    changes = find_changes(make_release(root), None, SHELL, root)
    assert changes.present == "shop 0.1.0, shop_web 0.1.0, shop_mail 0.1.0"


def test_a_commit_that_the_clone_lacks_is_said(root):
    changes = find_changes(make_release(root), Known("0.9.0", "f" * 40), SHELL, root)
    assert changes.note == "the commit fffffff of 0.9.0 is not in this clone"
    assert changes.present.startswith("shop 0.1.0")


def test_an_older_commit_takes_others_back(root):
    first = git(root, "rev-parse", "HEAD")
    write_commit(root, "apps/shop/a.ex", "Too early")
    last = write_commit(root, "apps/shop/b.ex", "Far too early")
    git(root, "checkout", "-q", first)
    changes = find_changes(make_release(root), Known("2.0", last), SHELL, root)
    assert changes.note == "takes back 2 commits"


def test_without_git_versions_tell_what_changed(root):
    release = make_release(root)
    release = replace(release, project=replace(release.project, commit=None))
    changes = find_changes(release, Known("0.9", "", {**dict.fromkeys(APPS, "0.1.0"), "shop": "0.0.1"}), SHELL, root)
    assert [(item.name, item.previous) for item in changes.applications] == [("shop", "0.0.1")]
    assert changes.unchanged == "shop_web, shop_mail"


def test_dependencies_and_what_is_gone_are_told(root):
    libraries = (app("plug", "1.16.0", AppOrigin.DEPENDENCY), app("jason", "1.4.0", AppOrigin.DEPENDENCY))
    release = make_release(root)
    release = replace(release, applications=(*release.applications, *libraries))
    before = {"kernel": "8.4", "plug": "1.15.0", "cowboy": "2.0", **dict.fromkeys(APPS, "0.1.0")}
    changes = find_changes(release, Known("0.9", "", before), SHELL, root)
    assert changes.dependencies == "plug 1.15.0 -> 1.16.0, jason 1.4.0 (new), kernel 8.4 -> 8.5"
    assert changes.removed == "cowboy"


@pytest.mark.parametrize("name", ["", "--help", "nothing", "-n", "HEAD..HEAD", "a b"])
def test_a_name_that_names_no_commit_is_none(root, name):
    assert find_revision(SHELL, root, name) == ""


def test_git_may_be_missing():
    assert find_revision(FakeShell(), Path(), "HEAD") == ""
    assert read_history(FakeShell(), Path(), "a", "b") == ()
    assert read_user(FakeShell(), Path()) == ""
