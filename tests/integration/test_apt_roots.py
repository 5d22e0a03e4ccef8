"""apt of Debian 11, 12 and 13 installs from a published repository, over HTTP and with signatures required."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness import dray, run, wait_for
from tests.hosts.debian_roots import find_bare_root, over
from tests.shop_packages import build_debs

pytestmark = [pytest.mark.beam, pytest.mark.root, pytest.mark.roots]

NEWER = {"bookworm", "trixie"}
"""Suites whose C library is new enough for the runtime of this machine."""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a repository at ``apt`` that has two versions of the shop, and the keys as a package."""
    folder = tmp_path_factory.mktemp("published")
    debs = build_debs(folder)
    env = {"XDG_CONFIG_HOME": str(folder / "config")}
    port = find_free_port()

    def type_apt(*arguments):
        done = dray("apt", *map(str, arguments), "--to", "apt", cwd=folder, env=env)
        assert done.status == 0, done.err

    type_apt("init", "shop", "--url", f"http://127.0.0.1:{port}")
    type_apt("publish", debs.file("0.1.0"))
    type_apt("keyring", "shop", "--maintainer", "Ann Shop <ann@shop.example>")
    with served(folder / "apt", port):
        yield folder / "apt", lambda version: type_apt("publish", debs.file(version))


def find_free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextlib.contextmanager
def served(folder, port):
    """Serve a repository with dray while the block lasts."""
    program = Path(sys.executable).with_name("dray")
    argv = (program, "apt", "serve", folder, "--port", str(port))
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: run("curl", "-fs", f"http://127.0.0.1:{port}/", cwd=folder).status == 0, "the server")
        yield
    finally:
        process.terminate()
        process.wait(10)


def chroot(root, *argv):
    env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "HOME": "/root"}
    env |= dict.fromkeys(("no_proxy", "NO_PROXY"), "127.0.0.1,localhost")
    return run("chroot", root, *argv, cwd=root, env=env)


def apt_get(root, *arguments):
    return chroot(root, "apt-get", "-o", "Acquire::http::Proxy::127.0.0.1=DIRECT", "--yes", *arguments)


@pytest.mark.parametrize("suite", ["bullseye", "bookworm", "trixie"])
def test_apt_installs_and_upgrades_from_the_repository(place, suite, tmp_path):
    repository, publish = place
    with over(find_bare_root(suite), tmp_path / suite) as root:
        (root / "usr/share/keyrings").mkdir(parents=True, exist_ok=True)
        key = (repository / "shop-archive-keyring.gpg").read_bytes()
        (root / "usr/share/keyrings/shop-archive-keyring.gpg").write_bytes(key)
        (root / "etc/apt/sources.list.d/shop.sources").write_bytes((repository / "shop.sources").read_bytes())
        done = apt_get(root, "-o", "APT::Update::Error-Mode=any", "update")
        assert done.status == 0, done
        assert "W:" not in done.err.replace("W: No sandbox user", "")
        assert apt_get(root, "install", "shop-archive-keyring").status == 0
        assert (root / "usr/share/keyrings/shop-archive-keyring.gpg").read_bytes() == key
        done = apt_get(root, "install", "--no-install-recommends", "shop=0.1.0-1")
        if suite not in NEWER:
            assert (done.status, "libc6 (>= 2.34)" in done.out + done.err) == (100, True), done
            return
        assert done.status == 0, done
        assert chroot(root, "shop", "version").out == "shop 0.1.0\n"
        publish("0.2.0")
        assert apt_get(root, "update").status == 0
        done = apt_get(root, "upgrade")
        assert done.status == 0, done
        assert chroot(root, "shop", "version").out == "shop 0.2.0\n"
        done = apt_get(root, "install", "--allow-downgrades", "shop=0.1.0-1")
        assert done.status == 0, done
        assert chroot(root, "shop", "version").out == "shop 0.1.0\n"
        assert apt_get(root, "purge", "shop").status == 0


def test_apt_refuses_the_repository_without_its_key(place, tmp_path):
    repository, _ = place
    with over(find_bare_root("trixie"), tmp_path / "trixie") as root:
        (root / "etc/apt/sources.list.d/shop.sources").write_bytes((repository / "shop.sources").read_bytes())
        done = apt_get(root, "-o", "APT::Update::Error-Mode=any", "update")
        assert done.status != 0
        assert "shop-archive-keyring.gpg" in done.err
