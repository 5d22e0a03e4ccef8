"""The same commit gives the same bytes, wherever and whenever it is built."""

from __future__ import annotations

import os
import shutil
import tarfile
from typing import TYPE_CHECKING

import pytest

from tests.harness import EXAMPLES, Done, build, copy_project, dray, run
from tests.trees import assert_same_tree, read_tree

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.beam

_GIT = ("git", "-c", "user.name=A", "-c", "user.email=a@shop.example", "-c", "commit.gpgsign=false")
COMMITTED = 1_700_000_000


def git(folder: Path, *arguments: str | Path) -> Done:
    date = f"{COMMITTED} +0000"
    done = run(*_GIT, *arguments, cwd=folder, env={"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date})
    assert done.status == 0, done.err
    return done


def make_repository(source: str | Path, folder: Path) -> Path:
    repository = copy_project(source, folder)
    if not (repository / ".gitignore").exists():
        (repository / ".gitignore").write_text("/_build/\n")
    git(repository, "init", "-q", "-b", "main")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "first")
    return repository


def build_elsewhere(clone: Path, *arguments: str, umask: int, **env: str) -> None:
    before = os.umask(umask)
    try:
        build(clone, *arguments, env=env)
    finally:
        os.umask(before)


PROJECTS = [
    pytest.param("single", (), id="single"),
    pytest.param("rebar", (), id="rebar", marks=pytest.mark.rebar3),
    pytest.param("nif", (), id="nif"),
    pytest.param("eex", (), id="eex"),
    pytest.param("providers", ("providers",), id="providers"),
    pytest.param(EXAMPLES / "shop_umbrella", (), id="shop_umbrella"),
]


@pytest.mark.parametrize(("source", "arguments"), PROJECTS)
def test_two_clones_give_the_same_bytes(source, arguments, tmp_path):
    repository = make_repository(source, tmp_path / "repository")
    one, two = tmp_path / "one", tmp_path / "somewhere" / "else" / "another clone"
    for clone in (one, two):
        git(tmp_path, "clone", "-q", repository, clone)
    for path in two.rglob("*"):
        if path.is_file() and ".git" not in path.parts:
            os.utime(path, (1_500_000_000, 1_500_000_000))
    homes = [tmp_path / name for name in ("home", "other_home")]
    for home in homes:
        home.mkdir()
    build_elsewhere(one, *arguments, umask=0o022, HOME=str(homes[0]), TZ="UTC", LANG="C.UTF-8", LC_ALL="C.UTF-8")
    build_elsewhere(two, *arguments, umask=0o077, HOME=str(homes[1]), TZ="Asia/Tokyo", LANG="C", LC_ALL="C")
    (mine,), (other,) = ([*(clone / "_build/prod/rel").iterdir()] for clone in (one, two))
    assert_same_tree(read_tree(mine), read_tree(other))
    (tar,), (other_tar,) = ([*(clone / "_build/prod").glob("*.tar.gz")] for clone in (one, two))
    assert tar.name == other_tar.name
    assert tar.read_bytes() == other_tar.read_bytes()
    with tarfile.open(tar) as archive:
        members = archive.getmembers()
    assert {(item.mtime, item.uid, item.gid, item.uname, item.gname) for item in members} == {
        (COMMITTED, 0, 0, "", "")
    }
    for path, (_, _, data) in read_tree(mine).items():
        assert str(one).encode() not in data, path


def test_the_date_of_the_sources_can_be_given(tmp_path):
    project = copy_project("single", tmp_path / "project")
    build(project)
    tar = project / "_build/prod/greeter-1.2.3.tar.gz"
    without_commit = tar.read_bytes()
    build(project, env={"SOURCE_DATE_EPOCH": "1234567890"})
    with tarfile.open(tar) as archive:
        assert {item.mtime for item in archive} == {1234567890}
    first = tar.read_bytes()
    shutil.rmtree(project / "_build")
    build(project, env={"SOURCE_DATE_EPOCH": "1234567890"})
    assert tar.read_bytes() == first
    build(project)
    assert tar.read_bytes() == without_commit
    done = dray("build", cwd=project, env={"SOURCE_DATE_EPOCH": "yesterday"})
    assert done.status == 2
    assert "error: SOURCE_DATE_EPOCH is a number of seconds since 1970" in done.err
    assert "got: yesterday" in done.err
