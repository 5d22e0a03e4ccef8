"""Repositories on other machines: a real server for ssh, and one for S3, from which real apt installs."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dray.package.read_deb import read_deb
from dray.repository.address import open_store
from dray.repository.check import check_suite
from dray.repository.draft import Draft
from dray.repository.host import build_keyring
from dray.repository.keys import generate_key, read_secret_key
from dray.repository.manage import list_entries
from dray.repository.publish import Terms, publish_packages
from dray.repository.ssh import SshPlace, SshStore
from dray.repository.suite import read_suite
from dray.repository.update import Repository
from tests.apt import Apt
from tests.debs import write_deb
from tests.fakes import FakeClock
from tests.harness import wait_for
from tests.s3_server import run_s3_server


@pytest.fixture
def signer():
    return read_secret_key(generate_key("Shop", valid_days=400)[0].encode(), origin="")


def publish_three(repository, folder):
    for version in ("1.0", "1.1", "1.2"):
        publish_packages(repository, [read_deb(write_deb(folder / "debs", version=version))], Terms(keep=2))
    found = check_suite(repository.store, "stable", repository.certificates, now=repository.clock.now(), deep=True)
    assert found == ()


@pytest.fixture
def sshd(tmp_path):
    """Run a server for ssh, and return the configuration of a client that may log in."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / name], check=True)
    options = {
        "ListenAddress": "127.0.0.1",
        "Port": port,
        "HostKey": tmp_path / "host",
        "AuthorizedKeysFile": tmp_path / "user.pub",
        "PidFile": "none",
        "StrictModes": "no",
        "UsePAM": "no",
        "PermitRootLogin": "yes",
    }
    given = [part for name, value in options.items() for part in ("-o", f"{name}={value}")]
    program = shutil.which("sshd")
    subprocess.run(["mkdir", "-p", "/run/sshd"], check=True)
    config = tmp_path / "ssh_config"
    config.write_text(
        f"Host shop\nHostName 127.0.0.1\nPort {port}\nIdentityFile {tmp_path}/user\nIdentitiesOnly yes\n"
        f"UserKnownHostsFile {tmp_path}/known\nStrictHostKeyChecking accept-new\nLogLevel ERROR\n"
    )
    with subprocess.Popen([program, "-D", "-e", "-f", "/dev/null", *given], stderr=subprocess.PIPE) as server:
        try:
            wait_for(lambda: _answers(port), "sshd")
            yield config
        finally:
            server.terminate()


def _answers(port):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def socket_folder():
    """Return a folder with a short name: those of sockets have 107 bytes at most."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.mark.root
@pytest.mark.apt
@pytest.mark.sshd
def test_apt_installs_what_was_published_over_ssh(tmp_path, signer, sshd, socket_folder):
    store = SshStore(
        SshPlace("shop", str(tmp_path / "store")), control=str(socket_folder), program=("ssh", "-F", str(sshd))
    )
    try:
        repository = Repository(store, signer, FakeClock(time.time()))
        publish_three(repository, tmp_path)
    finally:
        store.close()
    host = Apt.make(tmp_path / "apt", f"file:{tmp_path}/store", build_keyring(repository.certificates))
    assert host.update() == ""
    assert host.versions("shop") == ["1.2", "1.1"]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with run_s3_server(tmp_path_factory.mktemp("s3"), "packages", "shared") as server:
        yield server


@pytest.fixture
def aws(server, monkeypatch, tmp_path):
    """The environment of somebody who publishes on the server."""
    for name, value in {**server.variables, "AWS_CONFIG_FILE": str(tmp_path / "none")}.items():
        monkeypatch.setenv(name, value)


@pytest.mark.apt
def test_apt_installs_what_was_published_to_a_bucket(tmp_path, signer, server, aws):
    with open_store("s3://packages/debian") as store:
        repository = Repository(store, signer, FakeClock(time.time()))
        publish_three(repository, tmp_path)
        store._client.close()
    with server.client() as client:
        found = client.head_object(Bucket="packages", Key="debian/dists/stable/InRelease")
    assert found["CacheControl"] == "public, max-age=60"
    host = Apt.make(tmp_path / "apt", f"{server.url}/packages/debian", build_keyring(repository.certificates))
    assert host.update() == ""
    assert host.versions("shop") == ["1.2", "1.1"]
    assert len(host.download("shop")) == 1


def test_publishers_to_one_bucket_lose_nothing(tmp_path, signer, aws):
    """No lock keeps them apart: the server takes one of several writes that are made on the same condition."""

    def publish(name):
        with open_store("s3://shared/debian") as store:
            repository = Repository(store, signer, FakeClock(time.time()))
            for version in ("1", "2", "3"):
                deb = read_deb(write_deb(tmp_path / name, f"shop-{name}", version))
                publish_packages(repository, [deb], Terms())
            store._client.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(publish, "abcd"))
    with open_store("s3://shared/debian") as store:
        assert check_suite(store, "stable", (signer.certificate,), now=time.time(), deep=True) == ()
        suite = read_suite(store, "stable", (signer.certificate,))
        entries = list_entries(Draft(store, suite, suite.release))
        store._client.close()
    assert sorted((entry.package, entry.version) for _, entry in entries) == [
        (f"shop-{name}", version) for name in "abcd" for version in "123"
    ]
