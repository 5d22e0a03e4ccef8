"""Real apt installs from repositories that dray has published, over HTTP and with signatures required."""

from __future__ import annotations

import contextlib
import random
import subprocess
import sys
import threading
import time

import pytest

from dray.package.read_deb import read_deb
from dray.repository.check import check_suite
from dray.repository.folder import FolderStore
from dray.repository.host import build_keyring
from dray.repository.keys import generate_key, read_secret_key
from dray.repository.manage import refresh_suite, remove_package, roll_back
from dray.repository.publish import Terms, publish_packages
from dray.repository.serve import make_server
from dray.repository.update import Repository
from tests.apt import Apt
from tests.debs import sha256, write_deb
from tests.fakes import FakeClock
from tests.harness import dray

pytestmark = pytest.mark.apt


@pytest.fixture
def repository(tmp_path):
    text, _ = generate_key("Shop", valid_days=400)
    return Repository(
        FolderStore(tmp_path / "store"), read_secret_key(text.encode(), origin=""), FakeClock(time.time())
    )


@pytest.fixture
def url(tmp_path):
    (tmp_path / "store").mkdir()
    server = make_server(tmp_path / "store", "127.0.0.1", 0, page=lambda _: "", log=lambda _: None)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def host(tmp_path, repository, url):
    return Apt.make(tmp_path / "host", url, build_keyring(repository.certificates))


def publish(repository, folder, *versions, package="shop", **terms):
    debs = [read_deb(write_deb(folder / "debs", package, version)) for version in versions]
    return publish_packages(repository, debs, Terms(**terms))


def test_apt_installs_what_was_published(tmp_path, repository, host):
    publish(repository, tmp_path, "1.0", "1.1", "2:0.1~rc1-1")
    assert host.update() == ""
    assert host.versions("shop") == ["2:0.1~rc1-1", "1.1", "1.0"]
    (fetched,) = host.download("shop=1.1")
    assert sha256(fetched.read_bytes()) == read_deb(tmp_path / "debs/shop_1.1_amd64.deb").sha256


def test_what_runs_everywhere_is_there_for_every_architecture(tmp_path, repository, host):
    everywhere = read_deb(write_deb(tmp_path / "debs", "docs", "1.0", "all"))
    publish_packages(repository, [everywhere], Terms())
    publish_packages(repository, [read_deb(write_deb(tmp_path / "debs", "shop", "1.0", "riscv64"))], Terms())
    for architecture in ("amd64", "arm64", "riscv64"):
        one = Apt(host.root, architecture)
        assert one.update() == ""
        assert one.versions("docs") == ["1.0"]
        assert one.versions("shop") == (["1.0"] if architecture == "riscv64" else [])


def test_apt_sees_removals_and_the_way_back(tmp_path, repository, host):
    publish(repository, tmp_path, "1.0")
    publish(repository, tmp_path, "1.1")
    remove_package(repository, "stable", "shop", version="1.1")
    assert host.update() == ""
    assert host.versions("shop") == ["1.0"]
    assert roll_back(repository, "stable")[0] == 2
    assert host.update() == ""
    assert host.versions("shop") == ["1.1", "1.0"]


def test_a_version_for_no_host_is_not_taken_by_an_upgrade(tmp_path, repository, host):
    publish(repository, tmp_path, "1.0")
    publish(repository, tmp_path, "1.1", rollout=0)
    host.install_by_hand("shop", "1.0")
    assert host.update() == ""
    held = host.run("upgrade", "-s").stdout
    assert "Inst shop" not in held
    publish(repository, tmp_path, "1.1", rollout=100)
    assert host.update() == ""
    assert "Inst shop [1.0] (1.1" in host.run("upgrade", "-s").stdout


def test_apt_refuses_an_outdated_suite_until_it_is_refreshed(tmp_path, repository, host):
    repository.clock.time -= 10 * 86400
    publish(repository, tmp_path, "1.0", valid_days=7)
    assert "is expired" in host.update() or "expired" in host.update()
    repository.clock.time += 10 * 86400
    refresh_suite(repository, "stable")
    assert host.update() == ""


@pytest.mark.parametrize(
    "damage",
    [
        lambda store: (store / "dists/stable/InRelease").write_bytes(
            (store / "dists/stable/InRelease").read_bytes().replace(b"Suite: stable", b"Suite: unstable")
        ),
        lambda store: [
            file.write_bytes(file.read_bytes() + b"x") for file in store.glob("dists/stable/main/*/by-hash/SHA256/*")
        ],
    ],
    ids=["signature", "index"],
)
def test_apt_refuses_what_was_changed_by_hand(tmp_path, repository, host, damage):
    publish(repository, tmp_path, "1.0")
    damage(tmp_path / "store")
    assert host.update() != ""


def test_apt_refuses_another_key(tmp_path, repository, host):
    publish(repository, tmp_path, "1.0")
    (host.root / "keyring.gpg").write_bytes(generate_key("Another", valid_days=1)[1].data)
    assert "NO_PUBKEY" in host.update()


def test_clients_never_fail_while_several_publish(tmp_path, repository, host):
    publish(repository, tmp_path, *(f"0.{number}" for number in range(5)))
    failed, stop = [], threading.Event()

    def work(name):
        for number in range(1, 21):
            if stop.is_set():
                return
            try:
                publish(repository, tmp_path / name, f"{number}", package=f"shop-{name}", keep=3)
            except Exception as error:  # noqa: BLE001 - the test tells of it
                failed.append(str(error))

    threads = [threading.Thread(target=work, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    rounds = 0
    try:
        while any(thread.is_alive() for thread in threads) and rounds < 60:
            said = host.update()
            rounds += 1
            assert said == "", f"round {rounds}"
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failed == []
    assert rounds > 3
    assert host.update() == ""
    assert host.versions("shop-one") == ["20", "19", "18"]
    assert host.versions("shop-two") == ["20", "19", "18"]


def test_the_commands_make_a_repository_that_apt_installs_from(tmp_path):
    env = {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    store = tmp_path / "store"
    made = dray("apt", "init", "shop", "--to", str(store), cwd=tmp_path, env=env)
    assert made.status == 0, made.err
    deb = write_deb(tmp_path / "debs")
    assert dray("apt", "publish", str(deb), "--to", str(store), cwd=tmp_path, env=env).status == 0
    command = [sys.executable, "-m", "dray", "apt", "serve", str(store), "--port", "0", "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        try:
            url = server.stdout.readline().split()[-1].rstrip("/")
            host = Apt.make(tmp_path / "host", url, (store / "shop-archive-keyring.gpg").read_bytes())
            assert host.update() == ""
            assert host.candidate("shop") == "1.0-1"
            assert len(host.download("shop")) == 1
        finally:
            server.terminate()
            assert server.wait(10) == 130


def test_publishers_that_are_killed_leave_a_valid_repository(tmp_path, host, repository):
    key = tmp_path / "apt.key"
    key.write_text(str(repository.signer._secret))
    key.chmod(0o600)
    store = tmp_path / "store"
    choose = random.Random(11)  # noqa: S311 - the same moments in every run
    for number in range(1, 13):
        debs = [str(write_deb(tmp_path / "debs", f"shop-{part}", f"{number}")) for part in range(12)]
        argv = [sys.executable, "-m", "dray", "apt", "publish", *debs, "--to", str(store), "--key", str(key)]
        with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as publisher:
            with contextlib.suppress(subprocess.TimeoutExpired):
                publisher.wait(choose.uniform(0.05, 0.6))
            publisher.kill()
            publisher.wait()
        found = check_suite(repository.store, "stable", repository.certificates, now=time.time(), deep=True)
        damage = [finding.what for finding in found if finding.damage and "by checksum" not in finding.what]
        assert damage in ([], ["there is no suite stable"])
        if damage == []:
            assert host.update() == ""
            versions = [host.versions(f"shop-{part}") for part in range(12)]
            assert all(one == versions[0] for one in versions), "a publication is there as a whole"
    with repository.store.lock():
        assert list((store / ".dray/new").iterdir()) == []
    publish(repository, tmp_path, "99", package="shop-0")
    assert host.update() == ""
    assert host.candidate("shop-0") == "99"
