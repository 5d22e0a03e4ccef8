"""Packages before the tools of Debian: dpkg-deb reads them, and lintian finds nothing."""

from __future__ import annotations

import re
import shutil
import stat
from pathlib import Path

import pytest

from tests.harness import EXAMPLES, build, copy_project, run

pytestmark = [pytest.mark.beam, pytest.mark.dpkg]

CONFIG = """
from dray.config import config
from dray.steps import assemble, deb, release

config("deb", distributions=["debian-12"], compression="{codec}")
build = release("shop") | assemble() | deb()
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The example as a repository of git, with a changelog."""
    project = copy_project(EXAMPLES / "shop_umbrella", tmp_path_factory.mktemp("deb") / "shop_umbrella")
    (project / "CHANGELOG.md").write_text("## 0.1.0 - 2026-01-02\n\n- Lamps\n\n## 0.0.9 - 2025-12-24\n\n- Books\n")
    (project / "rel/hooks/post_install").mkdir(parents=True)
    (project / "rel/hooks/post_install/tell.sh").write_text("echo installed\n")
    author = ("-c", "user.name=Ann Shop", "-c", "user.email=ann@shop.example")
    for arguments in (("init", "-q"), ("add", "-A"), (*author, "commit", "-qm", "Open the shop")):
        done = run("git", *arguments, cwd=project)
        assert done.status == 0, done.err
    return project


def pack(project, codec):
    (project / "rel/config.py").write_text(CONFIG.format(codec=codec))
    build(project)
    (path,) = (project / "_build/prod").glob("*.deb")
    return path


@pytest.mark.parametrize("codec", ["zstd", "xz", "gzip"])
def test_dpkg_unpacks_what_the_tree_has(project, codec, tmp_path):
    path = pack(project, codec)
    done = run("dpkg-deb", "-R", path, tmp_path / "out", cwd=tmp_path)
    assert (done.status, done.err) == (0, "")
    tree, unpacked = project / "_build/prod/rel/shop", tmp_path / "out/usr/lib/shop"
    compared = 0
    for file in sorted(tree.rglob("*")):
        name = file.relative_to(tree)
        if file.is_dir() or name.parts[:2] in {("releases", "RELEASES"), ("releases", "start_erl.data")}:
            continue
        if "post_install" in name.parts or (name.parts[0] == "lib" and {"src", "include"} & set(name.parts)):
            continue
        assert (unpacked / name).read_bytes() == file.read_bytes(), name
        assert stat.S_IMODE((unpacked / name).stat().st_mode) == stat.S_IMODE(file.stat().st_mode), name
        compared += 1
    assert compared > 500
    sums = run("md5sum", "--check", "--strict", "--quiet", "DEBIAN/md5sums", cwd=tmp_path / "out")
    assert sums.status == 0, sums.out


def test_lintian_has_no_error_and_no_warning(project, tmp_path):
    path = pack(project, "xz")  # the one of Debian 12 calls zstd malformed
    shutil.copy(path, tmp_path)
    done = run("lintian", "--allow-root", "--fail-on=error,warning", path.name, cwd=tmp_path)
    assert (done.status, done.out) == (0, ""), done


def test_each_override_of_lintian_has_its_reason(project, tmp_path):
    run("dpkg-deb", "-R", pack(project, "gzip"), tmp_path / "out", cwd=tmp_path)
    lines = (tmp_path / "out/usr/share/lintian/overrides/shop").read_text().splitlines()
    assert lines[0].startswith("# ")
    assert len([line for line in lines if line.startswith("# ")]) >= 5


def test_the_fields_are_those_of_the_project(project):
    path = pack(project, "zstd")
    fields = dict(
        line.split(": ", 1) for line in run("dpkg-deb", "-f", path, cwd=project).out.splitlines() if ": " in line
    )
    assert fields["Package"] == "shop"
    assert fields["Version"] == "0.1.0-1"
    assert fields["Maintainer"] == "Ann Shop <ann@shop.example>"
    assert re.fullmatch(r"libc6 \(>= [\d.]+\), .*systemd-sysusers", fields["Depends"])
    assert fields["Dray-Applications"] == "shop (0.1.0), shop_web (0.1.0)"
    head = run("git", "rev-parse", "HEAD", cwd=project).out.strip()
    assert fields.get("Dray-Commit", head) == head
    changelog = run(
        "sh",
        "-c",
        f"dpkg-deb --fsys-tarfile {path} | tar -xO ./usr/share/doc/shop/changelog.Debian.gz | "
        "gunzip | dpkg-parsechangelog -l- --all",
        cwd=project,
    )
    assert "shop (0.0.9-1)" in changelog.out
    assert changelog.err == ""


def test_two_builds_in_different_places_give_the_same_package(project, tmp_path):
    first = pack(project, "zstd").read_bytes()
    other = tmp_path / "elsewhere"
    shutil.copytree(project, other, ignore=shutil.ignore_patterns("_build"))
    assert pack(other, "zstd").read_bytes() == first


def test_the_manual_page_is_one(project, tmp_path):
    run("dpkg-deb", "-R", pack(project, "gzip"), tmp_path / "out", cwd=tmp_path)
    page = tmp_path / "out/usr/share/man/man8/shop.8.gz"
    done = run("sh", "-c", f"gunzip <{page} | groff -man -Tutf8 -ww", cwd=tmp_path)
    assert (done.status, done.err) == (0, "")
    assert "Lists the versions that are installed" in " ".join(done.out.split())
    assert Path("/usr/bin/groff").exists()
