"""Releases of real projects compared: folders, archives, packages, manifests and commits."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.harness import EXAMPLES, build, copy_project, dray, mix_release, run

pytestmark = pytest.mark.beam

IDENTITY = ("-c", "user.name=Ada", "-c", "user.email=ada@shop.example")
NEW_MODULE = "defmodule Shop.Till do\n  def open?, do: true\nend\n"
PACKED = """
from dray.steps import deb

packed = build | deb(maintainer="Ann Shop <ann@shop.example>")
"""
GREETING = "Welcome to the shop"


def git(project, *arguments):
    done = run("git", *IDENTITY, *arguments, cwd=project)
    assert done.status == 0, done.err
    return done.out


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """The example as a repository of two commits, ``v1`` and the one that is checked out and built."""
    folder = tmp_path_factory.mktemp("diff")
    project = copy_project(EXAMPLES / "shop_umbrella", folder / "repository" / "shop_umbrella")
    git(project, "init", "-q", project.parent)
    (project.parent / ".gitignore").write_text("_build\n")
    git(project, "add", "-A", project.parent)
    git(project, "commit", "-qm", "one")
    git(project, "tag", "v1")
    build(project)
    shutil.copytree(project / "_build/prod/rel/shop", folder / "old", symlinks=True)
    pack(project).rename(folder / "old.deb")
    (project / "apps/shop/lib/shop/till.ex").write_text(NEW_MODULE)
    config = project / "config/config.exs"
    assert GREETING in config.read_text()
    config.write_text(config.read_text().replace(GREETING, "Come in"))
    build(project)
    git(project, "add", "-A", project.parent)
    git(project, "commit", "-qm", "two")
    return project, folder / "old"


def pack(project):
    """Package what is built, and return where."""
    config = project / "rel/config.py"
    text = config.read_text()
    config.write_text(f"{text}\n{PACKED}")
    done = dray("run", "packed", cwd=project)
    config.write_text(text)
    assert done.status == 0, done.err
    (package,) = project.glob("_build/prod/*.deb")
    return package


def diff(project, *arguments):
    done = dray("diff", *arguments, cwd=project)
    assert done.status == 0, done.err
    return done.out


def test_the_difference_is_shown(shop):
    project, old = shop
    assert diff(project, old, "_build/prod/rel/shop") == (
        "shop 0.1.0 -> shop 0.1.0\n\n"
        "applications:\n"
        "  shop 0.1.0, changed under the same version\n"
        "    + Shop.Till\n\n"
        "configuration:\n"
        "  ~ shop_web.greeting\n\n"
        "hot: nothing is seen that stands against an upgrade of the running node\n"
    )


@pytest.mark.parametrize("place", ["v1", "HEAD~1", "folder", "manifest", "package"])
def test_every_kind_of_place_is_the_same_side(shop, place):
    project, old = shop
    places = {"folder": old, "manifest": old / "releases/0.1.0/manifest.json", "package": old.with_name("old.deb")}
    (archive,) = project.glob("_build/prod/*.tar.gz")
    found = json.loads(diff(project, places.get(place, place), archive, "--json"))
    assert found["verdict"] == "hot"
    (application,) = found["applications"]
    assert application["modules"] == {"added": ["Elixir.Shop.Till"], "removed": [], "changed": []}
    config = "sys.config" if place == "manifest" else "shop_web.greeting"
    assert found["config"]["changed"] == [config]
    assert git(project, "worktree", "list").count("\n") == 1


def test_a_package_does_not_differ_from_what_was_packed(shop):
    _, old = shop
    for one, other in ((old, old.with_name("old.deb")), (old.with_name("old.deb"), old)):
        assert diff(old.parent, one, other).endswith("the same: nothing differs but the version\n")


def test_a_release_does_not_differ_from_a_build_of_its_commit(shop):
    project, _ = shop
    assert diff(project, "HEAD", "_build/prod/rel/shop").endswith("the same: nothing differs but the version\n")


def test_a_page_shows_the_same(shop, tmp_path):
    project, old = shop
    assert diff(project, old, "_build/prod/rel/shop", "--html", tmp_path / "page.html") == ""
    page = (tmp_path / "page.html").read_text()
    assert '<li class="added"><b title="added">+</b>Shop.Till</li>' in page
    assert "http" not in page


def test_a_commit_that_does_not_compile_leaves_nothing_behind(shop):
    project, old = shop
    broken = project / "apps/shop/lib/shop/broken.ex"
    broken.write_text("defmodule Broken do\n")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "broken")
    try:
        done = dray("diff", old, "HEAD", cwd=project)
    finally:
        git(project, "reset", "-q", "--hard", "HEAD~1")
    assert done.status == 1
    assert "error: HEAD cannot be built" in done.err
    assert "broken.ex" in done.err
    assert git(project, "worktree", "list").count("\n") == 1


def test_what_is_no_release_is_refused(shop):
    project, old = shop
    done = dray("diff", old, "v9", cwd=project)
    assert done.status == 2
    assert "there is no release and no commit of git called v9" in done.err


def test_a_release_of_mix_holds_the_same_code_and_configuration(shop, tmp_path):
    project, old = shop
    mix = mix_release(copy_project(EXAMPLES / "shop_umbrella", tmp_path / "mix"), "shop", tmp_path / "out")
    found = json.loads(diff(project, mix, old, "--json"))
    none = {"added": [], "removed": [], "changed": []}
    assert (found["runtime"], found["verdict"]) == ({}, "restart")
    assert any("mix release makes none" in reason for reason in found["reasons"])
    assert all(item["old"] == item["new"] and item["modules"] == none for item in found["applications"])
    assert found["config"] == found["protocols"] == none
