"""What git says of a project."""

from __future__ import annotations

import os
import subprocess

import pytest

from dray.project.git import filter_ignored, list_reference_files, read_commit
from dray.shell import LocalShell
from tests.fakes import FakeShell

SHELL = LocalShell(lambda _: None)
WHO = {
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@x.example",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@x.example",
    "GIT_COMMITTER_DATE": "2020-01-02T03:04:05Z",
}


def git(root, *arguments):
    subprocess.run(("git", *arguments), cwd=root, check=True, capture_output=True, env={**os.environ, **WHO})


@pytest.fixture
def repository(tmp_path):
    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / "mix.exs").write_text("mix")
    (tmp_path / ".gitignore").write_text("*.o\n")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "first")
    return tmp_path


def test_the_commit_has_its_name_and_time(repository):
    commit = read_commit(SHELL, repository)
    assert commit is not None
    assert len(commit.sha) == 40
    assert commit.time == 1577934245
    assert not commit.dirty
    assert commit.short == commit.sha[:7]


def test_a_changed_file_makes_it_dirty_and_an_unknown_one_does_not(repository):
    (repository / "new.ex").write_text("x")
    assert not read_commit(SHELL, repository).dirty
    (repository / "mix.exs").write_text("changed")
    commit = read_commit(SHELL, repository)
    assert commit.dirty
    assert commit.short.endswith(".dirty")


def test_without_a_repository_there_is_no_commit(tmp_path):
    assert read_commit(SHELL, tmp_path) is None
    assert list_reference_files(tmp_path) == ()


def test_without_a_commit_there_is_none(tmp_path):
    git(tmp_path, "init", "-q")
    assert read_commit(SHELL, tmp_path) is None


def test_without_git_there_is_none(tmp_path):
    assert read_commit(FakeShell(), tmp_path) is None
    assert filter_ignored(FakeShell(), tmp_path, ["a"]) == ()


def test_ignored_files_are_told_apart(repository):
    paths = [str(repository / name) for name in ("a.o", "b.ex", "ö x.o")]
    assert set(filter_ignored(SHELL, repository, paths)) == {paths[0], paths[2]}


def test_references_are_found_from_a_subfolder_and_in_a_worktree(repository, tmp_path_factory):
    inner = repository / "apps" / "shop"
    inner.mkdir(parents=True)
    assert repository / ".git" / "HEAD" in list_reference_files(inner)
    other = tmp_path_factory.mktemp("w") / "tree"
    git(repository, "worktree", "add", "-q", str(other), "-b", "other")
    files = list_reference_files(other)
    assert any(path.name == "HEAD" and "worktrees" in str(path) for path in files)
    assert repository / ".git" / "refs" / "heads" / "other" in files
