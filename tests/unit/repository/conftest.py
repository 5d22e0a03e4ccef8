"""Fixtures of the repository room: a key, stores of every kind, repositories in them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import boto3
import pytest
from moto.server import ThreadedMotoServer

from dray.package.read_deb import read_deb
from dray.repository.folder import FolderStore
from dray.repository.keys import KeySigner, generate_key, read_secret_key
from dray.repository.publish import Terms, publish_packages
from dray.repository.s3 import S3Store
from dray.repository.ssh import SshPlace, SshStore
from dray.repository.update import Repository
from tests.debs import write_deb
from tests.fakes import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dray.core.publication import Publication
    from dray.repository.store import Store

_SSH = """\
#!/bin/sh
# Stands for ssh: runs the command of the other machine here.
case " $* " in *" -O exit "*) exit 0 ;; esac
while [ "$1" = -o ] || [ "$1" = -p ]; do shift 2; done
shift
exec /bin/sh -c "$*"
"""


@pytest.fixture(scope="session")
def key() -> str:
    """Return a secret key."""
    return generate_key("Shop <ops@shop.example>", valid_days=0)[0]


@pytest.fixture(scope="session")
def signer(key: str) -> KeySigner:
    """Return what signs with it."""
    return read_secret_key(key.encode(), origin="a test")


@pytest.fixture(scope="session")
def s3() -> Iterator[object]:
    """Return a client of a server for S3 that runs in this process."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    client = boto3.client(
        "s3",
        endpoint_url=f"http://{host}:{port}",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - of a server that asks for none
    )
    yield client
    client.close()
    server.stop()


@pytest.fixture
def make_store(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[..., Store]:
    """Return a function that makes a store of a kind; two of the same kind are the same place."""

    def make(kind: str, **given: object) -> Store:
        if kind == "folder":
            return FolderStore(tmp_path / "store", **given)  # type: ignore[arg-type]
        if kind == "ssh":
            program = tmp_path / "ssh"
            program.write_text(_SSH)
            program.chmod(0o755)
            place = SshPlace("host", str(tmp_path / "store"))
            return SshStore(place, control=str(tmp_path), program=(str(program),), **given)  # type: ignore[arg-type]
        client = request.getfixturevalue("s3")
        bucket = f"bucket-{abs(hash(str(tmp_path))):x}"
        client.create_bucket(Bucket=bucket)
        return S3Store(bucket, "debian", client=client)

    return make


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock that is moved by hand, set to a time that files of a test have, too."""
    return FakeClock(time.time())


@pytest.fixture
def repository(tmp_path: Path, signer: KeySigner, clock: FakeClock) -> Repository:
    """Return a repository in a folder that is not there yet."""
    return Repository(FolderStore(tmp_path / "store"), signer, clock)


@pytest.fixture
def publish(tmp_path: Path, repository: Repository) -> Callable[..., tuple[Publication, ...]]:
    """Return a function that publishes packages by name and version."""

    def run(
        *packages: tuple[str, str] | Path, to: Repository = repository, **terms: object
    ) -> tuple[Publication, ...]:
        paths = [item if not isinstance(item, tuple) else write_deb(tmp_path / "debs", *item) for item in packages]
        return publish_packages(to, [read_deb(path) for path in paths], Terms(**terms))  # type: ignore[arg-type]

    return run
