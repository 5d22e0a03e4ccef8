"""Connections that are lost: reset at once, or a cable that carries nothing any more."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import time

import pytest

from dray.core.host import Host
from dray.deploy import openssh
from dray.deploy.openssh import OpenSshTransport
from dray.deploy.ssh import SshTransport
from dray.errors import RemoteError
from tests.ssh_hosts import Cable, make_client, serve

WEB1 = Host("web1")


@pytest.fixture(params=["asyncssh", pytest.param("openssh", marks=pytest.mark.sshd)])
def transport(request, monkeypatch):
    """Return what makes a transport that looks after its connection every fraction of a second."""
    if request.param == "openssh":
        monkeypatch.setattr(openssh, "ALIVE_SECONDS", 1)
        return OpenSshTransport
    return lambda config: SshTransport(config, alive_seconds=0.5)


@contextlib.asynccontextmanager
async def wired(tmp_path):
    """Give the files of a user whose host is behind a cable, and the cable."""
    client = make_client(tmp_path / "client")
    async with serve(client) as (port, key), Cable.lay(port) as cable:
        client.add_host("web1", cable.port)
        client.learn(key, cable.port)
        yield client, cable


async def read_answer(channel):
    return await channel.read_line()


async def write_much(channel):
    for _ in range(400):
        await channel.write(bytes(1 << 20))
    await channel.read_line()  # OpenSSH's program takes what is written until it knows


async def wait_for_end(channel):
    return await channel.wait()


async def read_payload(channel):
    return await channel.read_exactly(1 << 30)


WORK = [read_answer, write_much, wait_for_end, read_payload]


@pytest.mark.parametrize("way", ["cut", "silence"])
@pytest.mark.parametrize("work", WORK, ids=lambda work: work.__name__)
def test_whatever_waits_is_told_that_the_connection_was_lost(tmp_path, transport, work, way):
    async def whole():
        async with wired(tmp_path) as (client, cable), transport(client.config).connect(WEB1) as connection:
            async with connection.start(("sleep", "600")) as channel:
                asyncio.get_running_loop().call_later(0.3, getattr(cable, way))
                with pytest.raises(RemoteError, match="the connection to web1 was lost") as caught:
                    await work(channel)
                assert caught.value.hint
            with pytest.raises(RemoteError, match="the connection to web1 was lost"):
                async with connection.start(("true",)) as channel:
                    await channel.wait()

    before = time.monotonic()
    asyncio.run(whole())
    gc.collect()
    assert time.monotonic() - before < 12


def test_what_was_printed_before_is_read(tmp_path, transport):
    async def whole():
        async with (
            wired(tmp_path) as (client, cable),
            transport(client.config).connect(WEB1) as connection,
            connection.start(("sh", "-c", "echo one; sleep 600")) as channel,
        ):
            assert await channel.read_line() == b"one\n"
            cable.cut()
            with pytest.raises(RemoteError, match="was lost"):
                await channel.read_line()

    asyncio.run(whole())


def test_a_busy_connection_is_not_taken_for_a_lost_one(tmp_path, transport):
    async def whole():
        async with (
            wired(tmp_path) as (client, _),
            transport(client.config).connect(WEB1) as connection,
            connection.start(("sh", "-c", "sleep 4; echo done")) as channel,
        ):
            return await channel.read_line()

    assert asyncio.run(whole()) == b"done\n"


def test_one_connection_serves_all_programs(tmp_path, transport):
    async def whole():
        async with wired(tmp_path) as (client, cable), transport(client.config).connect(WEB1) as connection:
            for _ in range(3):
                async with connection.start(("true",)) as channel:
                    assert await channel.wait() == 0
            assert cable.connections == 1

    asyncio.run(whole())
