"""The packages of two releases before the tools of Debian: complete, and equal whoever builds them."""

from __future__ import annotations

import shutil

import pytest

from tests.harness import dray, run
from tests.split_packages import SplitProject

pytestmark = [pytest.mark.beam, pytest.mark.dpkg]

LINTED = '\nconfig("deb", distributions=["debian-12"], compression="xz", level=0)\n'


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    project = SplitProject.make(tmp_path_factory.mktemp("split") / "shop_umbrella")
    project.configure(more=LINTED)  # the lintian of Debian 12 calls zstd malformed
    project.build("1.0.0")
    return project


def test_there_is_a_package_for_the_runtime_for_each_release_and_for_the_whole(project):
    names = [path.name.partition("_")[0] for path in project.packages("*")]
    assert names[0].startswith("shop-erts-")
    assert names[1:] == ["shop-front", "shop-store", "shop"]


def test_lintian_has_no_error_and_no_warning(project, tmp_path):
    names = [path.name for path in project.packages("*")]
    for path in project.packages("*"):
        shutil.copy(path, tmp_path)
    done = run("lintian", "--allow-root", "--fail-on=error,warning", *names, cwd=tmp_path)
    assert (done.status, done.out) == (0, ""), done


def test_unpacked_together_they_are_the_trees_of_the_releases(project, tmp_path):
    for path in project.packages("*"):
        assert run("dpkg-deb", "-x", path, tmp_path / "out", cwd=tmp_path).status == 0
    compared = 0
    for name in ("shop_front", "shop_store"):
        tree, root = project.folder / "rel" / name, tmp_path / "out/usr/lib" / name.replace("_", "-")
        for file in sorted(tree.rglob("*")):
            inner = file.relative_to(tree)
            if file.is_dir() or inner.name in {"RELEASES", "start_erl.data"} or inner.parts[2:3] == ("include",):
                continue
            found = root
            for part in inner.parts:  # links are those of the host that it is installed on
                found /= part
                if found.is_symlink():
                    found = tmp_path / "out" / str(found.readlink()).lstrip("/")
            assert found.read_bytes() == file.read_bytes(), inner
            compared += 1
    assert compared > 1000


def test_another_folder_commit_and_release_make_the_same_runtime_and_the_same_commit_the_same_whole(
    project, tmp_path
):
    other = SplitProject(tmp_path / "elsewhere")
    shutil.copytree(project.root, other.root, ignore=shutil.ignore_patterns("_build"))
    done = other.run("store")
    assert done.status == 0, done.err
    for pattern in ("shop-erts-*", "shop_*", "shop-store_*"):
        (mine,), (others) = project.packages(pattern), other.packages(pattern)
        assert [path.name for path in others] == [mine.name]
        assert others[0].read_bytes() == mine.read_bytes(), mine.name
    done = dray("run", "store", cwd=other.root, env={"SOURCE_DATE_EPOCH": "1700000000"})
    assert done.status == 0, done.err
    assert other.packages("shop-erts-*")[0].read_bytes() == project.packages("shop-erts-*")[0].read_bytes()
    assert other.packages("shop_*")[0].read_bytes() != project.packages("shop_*")[0].read_bytes()


def test_builds_of_both_releases_leave_what_they_share_as_it_is(project):
    before = {path: path.stat().st_mtime_ns for path in project.packages("*")}
    for pipeline in ("front", "store", "front", "store"):
        assert project.run(pipeline).status == 0
    assert {path: path.stat().st_mtime_ns for path in project.packages("*")} == before


@pytest.mark.parametrize(
    ("more", "message"),
    [
        pytest.param(
            'config("service", environment_file="/etc/shop/environment")',
            "the packages shop-front and shop-store both want /etc/shop/environment",
            id="a file of the host",
        ),
        pytest.param(
            "from dray.steps import file\n"
            'front = front.after("assemble", file("lib/{stdlib}/ebin/mine.beam", content="mine"))',
            "several packages want lib/stdlib-",
            id="a file of OTP",
        ),
        pytest.param(
            'front = release("shop_front", strip_beams={"keep": ["Docs"]}) | assemble() | deb()',
            "the packages of the other releases are made for another strip_beams of shop_front",
            id="what only a pipeline says",
        ),
        pytest.param('config("deb", project="shop-front")', "shop-front is the package of the release", id="a name"),
    ],
)
def test_what_would_not_go_together_is_an_error(project, tmp_path, more, message):
    other = SplitProject(tmp_path / "shop_umbrella")
    shutil.copytree(project.root, other.root)
    (stdlib,) = (project.folder / "rel/shop_front/lib").glob("stdlib-*")
    other.configure(more=more.format(stdlib=stdlib.name) if "{stdlib}" in more else more)
    done = other.run("front")
    assert (done.status, message in done.err) == (2, True), done.err
