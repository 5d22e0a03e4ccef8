"""A real server for S3 on this machine: SeaweedFS, which knows conditional writes. The tests of units have moto's.

It comes as a Python package, and takes one of several writes that are made on the same condition, as S3 does.
"""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from tests.harness import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

_IDENTITIES = {
    "identities": [
        {
            "name": "publisher",
            "credentials": [{"accessKey": "test", "secretKey": "test"}],
            "actions": ["Admin", "Read", "Write", "List"],
        },
        {"name": "anonymous", "actions": ["Read"]},
    ]
}
_PARTS = ("master", "volume", "filer", "s3")


@dataclass(frozen=True)
class S3Server:
    """A server that runs.

    Args:
        url: Where.
    """

    url: str

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables by which AWS's library reaches it."""
        return {
            "AWS_ENDPOINT_URL_S3": self.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    @contextlib.contextmanager
    def client(self) -> Iterator[Any]:
        """Lend a client."""
        client = boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 - of a server on this machine
        )
        try:
            yield client
        finally:
            client.close()


@contextlib.contextmanager
def run_s3_server(folder: Path, *buckets: str) -> Iterator[S3Server]:
    """Run a server while the block lasts.

    Args:
        folder: Where it keeps its files.
        buckets: The buckets to make; everybody may read them.
    """
    (folder / "data").mkdir(parents=True)
    (folder / "identities.json").write_text(json.dumps(_IDENTITIES))
    ports = _find_free_ports(2 * len(_PARTS))
    given = [f"-{part}.port={port}" for part, port in zip(_PARTS, ports, strict=False)]
    given += [f"-{part}.port.grpc={port}" for part, port in zip(_PARTS, ports[len(_PARTS) :], strict=True)]
    argv = [
        *(str(Path(sys.executable).with_name("weed")), "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"),
        *(f"-dir={folder}/data", "-filer", "-s3", f"-s3.config={folder}/identities.json", *given),
        *("-master.telemetry=false", "-master.volumeSizeLimitMB=64", "-volume.max=20"),
    ]
    server = S3Server(f"http://127.0.0.1:{ports[3]}")
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(argv, cwd=folder, stdout=log, stderr=log) as process,  # its own messages
    ):
        try:
            with server.client() as client:
                for bucket in buckets:
                    wait_for(lambda bucket=bucket: _make_bucket(client, bucket), f"SeaweedFS, see {folder}/log", 60)
            yield server
        finally:
            process.kill()


def _make_bucket(client: Any, name: str) -> bool:
    """Make a bucket and write to it: the parts of the server start one after the other."""
    try:
        if name not in [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]:
            client.create_bucket(Bucket=name)
        client.put_object(Bucket=name, Key="ready", Body=b"")
        client.delete_object(Bucket=name, Key="ready")
    except (BotoCoreError, ClientError):
        return False
    return True


def _find_free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        found = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in found:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in found]
