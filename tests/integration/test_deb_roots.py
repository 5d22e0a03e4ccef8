"""Packages in Debian roots without an init system: piuparts, and dpkg by itself."""

from __future__ import annotations

import os
import shutil
import time

import pytest

from dray.package.read_deb import read_deb
from dray.repository.folder import FolderStore
from dray.repository.host import build_keyring
from dray.repository.keys import generate_key, read_secret_key
from dray.repository.publish import Terms, publish_packages
from dray.repository.update import Repository
from tests.fakes import FakeClock
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


@pytest.fixture
def repository(tmp_path):
    signer = read_secret_key(generate_key("Shop", valid_days=400)[0].encode(), origin="")
    return Repository(FolderStore(tmp_path / "apt"), signer, FakeClock(time.time()))


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


@pytest.mark.parametrize(("old", "new"), [("0.1.0", "0.2.0"), ("0.2.0", "0.1.0")], ids=["upgrade", "downgrade"])
def test_piuparts_finds_nothing_left(debs, old, new, tmp_path, repository):
    """A version is installed and purged; then apt installs another one from a repository, and this one over it."""
    publish_packages(repository, [read_deb(debs.file(old))], Terms())
    with over(find_bare_root("bookworm"), tmp_path / "bookworm") as root:
        run("umount", root / "proc", cwd=tmp_path)
        shutil.copytree(repository.store.address, root / "srv/apt")
        keyring = root / "usr/share/keyrings/shop-archive-keyring.gpg"
        keyring.write_bytes(build_keyring(repository.certificates))
        source = f"deb [signed-by=/{keyring.relative_to(root)}] file:/srv/apt stable main\n"
        (root / "etc/apt/sources.list.d/shop.list").write_text(source)
        done = run(
            *("piuparts", "--existing-chroot", root, "--no-eatmydata", "--keep-sources-list"),
            *("--warn-on-others", "--warn-on-leftovers-after-purge", "--allow-database", debs.file(new)),
            cwd=tmp_path,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        )
    assert done.status == 0, done.out[-4000:]
    for line in ("Installation and purging test", "Installation, upgrade and purging tests", "All tests"):
        assert f"PASS: {line}." in done.out
    for found in done.out.split("left files on system")[1:]:
        assert "shop" not in found.partition("These files seem")[0]
    assert f"Unpacking shop ({new}-1) over ({old}-1)" in done.out
