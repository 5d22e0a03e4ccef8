"""Packages in Debian roots without an init system: piuparts, and dpkg by itself."""

from __future__ import annotations

import os

import pytest

from tests.harness import run
from tests.hosts.debian_roots import find_bare_root, over
from tests.shop_packages import build_debs

pytestmark = [pytest.mark.beam, pytest.mark.root, pytest.mark.roots]

CHANGING = ("var/log", "var/cache", "var/lib/dpkg", "var/lib/apt", "etc/ld.so.cache", "tmp", "proc", "root", "mnt")


@pytest.fixture(scope="module")
def debs(tmp_path_factory):
    return build_debs(tmp_path_factory.mktemp("debs"))


@pytest.fixture
def root(tmp_path, debs):
    """A root of Debian 12 with the packages at /mnt, and what they depend on."""
    with over(find_bare_root("bookworm"), tmp_path / "bookworm") as root:
        for version in ("0.1.0", "0.2.0", "0.3.0"):
            (root / "mnt" / debs.file(version).name).write_bytes(debs.file(version).read_bytes())
        install = ("apt-get", "-qq", "-y", "--no-install-recommends", "install", "systemd-standalone-sysusers")
        done = chroot(root, *install)
        assert done.status == 0, done.err
        yield root


def chroot(root, *argv):
    env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "HOME": "/root"}
    return run("chroot", root, *argv, cwd=root, env=env)


def dpkg(root, *argv):
    return chroot(root, "dpkg", *argv)


def list_files(root):
    """Return all paths of a root but those that change with any installation."""
    found = set()
    for folder, _, names in os.walk(root):
        inner = os.path.relpath(folder, root)
        if not inner.startswith(CHANGING):
            found |= {inner, *(f"{inner}/{name}" for name in names)}
    return found


def test_an_upgrade_a_downgrade_and_a_purge_leave_nothing_where_no_init_system_runs(root):
    before = list_files(root)
    for version in ("0.1.0", "0.2.0", "0.3.0", "0.1.0"):
        done = dpkg(root, "-i", f"/mnt/shop_{version}-1_amd64.deb")
        assert done.status == 0, done
        assert chroot(root, "shop", "version").out == f"shop {version}\n"
    assert dpkg(root, "--verify", "shop").out == ""
    assert dpkg(root, "-r", "shop").status == 0
    assert dpkg(root, "-P", "shop").status == 0
    users = {f"etc/{name}-" for name in ("passwd", "group", "shadow", "gshadow")}
    assert list_files(root) - before - users <= {"etc/.pwd.lock"}
    assert before - list_files(root) == set()


def test_a_release_runs_in_a_container_that_got_its_next_version_by_dpkg(root):
    assert dpkg(root, "-i", "/mnt/shop_0.1.0-1_amd64.deb").status == 0
    assert dpkg(root, "-i", "/mnt/shop_0.2.0-1_amd64.deb").status == 0
    done = chroot(root, "shop", "eval", 'IO.puts(System.get_env("RELEASE_VSN"))')
    assert (done.status, done.out.splitlines()[-1]) == (0, "0.2.0"), done


@pytest.mark.parametrize("version", ["0.1.0", "0.2.0"])
def test_piuparts_finds_nothing_left(debs, version, tmp_path):
    with over(find_bare_root("bookworm"), tmp_path / "bookworm") as root:
        run("umount", root / "proc", cwd=tmp_path)
        done = run(
            *("piuparts", "--existing-chroot", root, "--no-eatmydata", "--keep-sources-list", "--no-upgrade-test"),
            *("--warn-on-others", "--warn-on-leftovers-after-purge", "--allow-database", debs.file(version)),
            cwd=tmp_path,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        )
    assert done.status == 0, done.out[-4000:]
    assert "PASS: All tests." in done.out
    assert "shop" not in done.out.partition("left files on system")[2].partition("These files seem")[0]
