"""The key of a host is always verified: known, new, changed, revoked, signed."""

from __future__ import annotations

import asyncio
import contextlib

import asyncssh
import pytest

from dray.core.host import Host
from dray.deploy.accept import accept_fingerprints
from dray.deploy.ssh import SshTransport
from dray.errors import RemoteError
from tests.ssh_hosts import make_client, serve

WEB1 = Host("web1")


@pytest.fixture
def client(tmp_path):
    return make_client(tmp_path / "client")


async def say(connection, text="hello"):
    async with connection.start(("echo", text)) as channel:
        return await channel.read_line()


async def greet(client, accept=None):
    async with SshTransport(client.config, accept=accept).connect(WEB1) as connection:
        return await say(connection)


class Asked:
    """Answers, and remembers what it was asked."""

    def __init__(self, answer):
        self.answer = answer
        self.questions = []

    def __call__(self, *question):
        self.questions.append(question)
        return self.answer


def test_an_unknown_key_is_asked_about_once_and_remembered(client):
    accept = Asked(answer=True)

    async def work():
        async with serve(client) as (port, key):
            client.add_host("web1", port)
            assert await greet(client, accept) == b"hello\n"
            assert await greet(client, accept) == b"hello\n"
            assert accept.questions == [("web1", "ssh-ed25519", key.get_fingerprint())]
            algorithm, blob = key.export_public_key().decode().split()[:2]
            assert client.known.read_text() == f"[127.0.0.1]:{port} {algorithm} {blob}\n"

    asyncio.run(work())


def test_many_connections_to_a_new_host_ask_once(client):
    accept = Asked(answer=True)

    async def work():
        transport = SshTransport(client.config, accept=accept)

        async def greet_too():
            async with transport.connect(WEB1) as connection:
                return await say(connection)

        async with serve(client) as (port, _):
            client.add_host("web1", port)
            assert await asyncio.gather(*(greet_too() for _ in range(5))) == [b"hello\n"] * 5
            assert len(accept.questions) == 1

    asyncio.run(work())


@pytest.mark.parametrize("accept", [None, Asked(answer=False), accept_fingerprints(("SHA256:another",))])
def test_an_unknown_key_that_nobody_accepts_is_refused(client, accept):
    async def work():
        async with serve(client) as (port, key):
            client.add_host("web1", port)
            with pytest.raises(
                RemoteError, match="web1: its key is not known on this machine: ssh-ed25519"
            ) as caught:
                await greet(client, accept)
            assert key.get_fingerprint() in caught.value.what
            assert caught.value.hint.endswith(f"ssh -F {client.config} web1")
            assert not client.known.exists()

    asyncio.run(work())


@pytest.mark.parametrize("prefix", ["SHA256:", ""])
def test_a_fingerprint_of_the_configuration_accepts_the_key(client, prefix):
    async def work():
        async with serve(client) as (port, key):
            client.add_host("web1", port)
            fingerprint = prefix + key.get_fingerprint().removeprefix("SHA256:")
            assert await greet(client, accept_fingerprints((fingerprint,))) == b"hello\n"

    asyncio.run(work())


def test_a_question_that_fails_fails_the_connection(client):
    def accept(*_):
        raise ZeroDivisionError

    async def work():
        async with serve(client) as (port, _):
            client.add_host("web1", port)
            with pytest.raises(ZeroDivisionError):
                await greet(client, accept)

    asyncio.run(work())


def test_a_key_that_cannot_be_remembered_is_asked_about_again(client):
    accept = Asked(answer=True)

    async def work():
        async with serve(client) as (port, _):
            client.add_host("web1", port)
            client.known.mkdir()
            assert await greet(client, accept) == b"hello\n"
            assert await greet(client, accept) == b"hello\n"

    asyncio.run(work())
    assert len(accept.questions) == 2


@pytest.mark.parametrize("kind", ["ssh-ed25519", "ecdsa-sha2-nistp256"])
def test_a_changed_key_is_refused_and_nobody_is_asked(client, kind):
    accept = Asked(answer=True)

    async def work():
        async with serve(client) as (port, key):
            client.add_host("web1", port)
            client.known.write_text("# the hosts of the shop\n")
            client.learn(asyncssh.generate_private_key(kind), port)
            before = client.known.read_text()
            with pytest.raises(RemoteError, match="web1: its key is not the one that is known") as caught:
                await greet(client, accept)
            assert f"(line 2 of {client.known})" in caught.value.what
            assert key.get_fingerprint() in caught.value.what
            assert f"ssh-keygen -R '[127.0.0.1]:{port}' -f {client.known}" in caught.value.hint
            assert client.known.read_text() == before
            assert accept.questions == []

    asyncio.run(work())


def test_a_key_of_any_kind_that_the_host_has_and_that_is_known_will_do(client):
    async def work():
        other = asyncssh.generate_private_key("ecdsa-sha2-nistp256")
        rsa = asyncssh.generate_private_key("ssh-rsa", key_size=2048)
        async with serve(client) as (_, key), serve(client, server_host_keys=[key, other, rsa]) as (port, _):
            client.add_host("web1", port)
            for known in (other, rsa):
                client.known.write_text("")
                client.learn(known, port)
                assert await greet(client) == b"hello\n"

    asyncio.run(work())


def test_a_key_that_is_known_without_the_port_is_right_and_another_one_is_new(client):
    accept = Asked(answer=True)

    async def work():
        async with serve(client) as (port, key):
            client.add_host("web1", port)
            text = key.export_public_key().decode()
            client.known.write_text(f"127.0.0.1 {text}")
            assert await greet(client) == b"hello\n"
            client.known.write_text(
                f"127.0.0.1 {asyncssh.generate_private_key('ssh-ed25519').export_public_key().decode()}"
            )
            assert await greet(client, accept) == b"hello\n"
            assert len(accept.questions) == 1

    asyncio.run(work())


def test_an_alias_names_the_host(client):
    async def work():
        async with serve(client) as (port, key):
            client.add_host("web1", port, "HostKeyAlias shop-web1")
            client.known.write_text(f"shop-web1 {key.export_public_key().decode()}")
            assert await greet(client) == b"hello\n"

    asyncio.run(work())


def test_the_machines_file_counts_too(client):
    async def work():
        async with serve(client) as (port, key):
            client.add_host("web1", port)
            (client.path / "global").write_text(f"*,[*]:* {key.export_public_key().decode()}")
            assert await greet(client) == b"hello\n"

    asyncio.run(work())


def test_tokens_in_the_names_of_files_are_filled_in(client):
    async def work():
        async with serve(client) as (port, key):
            client.config.write_text(f"Host web1\n  UserKnownHostsFile ${{DRAY_NONE}}/a {client.path}/%n-%p-%%\n")
            client.add_host("web1", port)
            client.learn(key, port)
            client.known.rename(client.path / f"web1-{port}-%")
            assert await greet(client) == b"hello\n"

    asyncio.run(work())


def test_known_hosts_of_none_does_not_turn_verification_off(client):
    async def work():
        async with serve(client) as (port, _):
            client.config.write_text("Host *\n  UserKnownHostsFile none\n  StrictHostKeyChecking no\n")
            client.add_host("web1", port)
            with pytest.raises(RemoteError, match="is not known"):
                await greet(client)

    asyncio.run(work())


def test_a_revoked_key_is_refused(client):
    accept = Asked(answer=True)

    async def work():
        async with serve(client) as (port, key):
            client.add_host("web1", port)
            client.learn(key, port)
            with client.known.open("a") as file:
                file.write(f"@revoked * {key.export_public_key().decode()}")
            with pytest.raises(RemoteError, match="web1: its key is refused: .*revoked"):
                await greet(client, accept)
            assert accept.questions == []

    asyncio.run(work())


@contextlib.asynccontextmanager
async def serve_certified(client, name, address):
    """Run web1 with a certificate for a name and an address; yields the authority, as known_hosts writes it."""
    authority, key = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    signed = authority.generate_host_certificate(key, name, principals=[address])
    async with serve(client, server_host_keys=[(key, signed)]) as (port, _):
        client.add_host("web1", port)
        yield authority.export_public_key().decode()


def test_a_certificate_of_a_known_authority_is_right(client):
    async def work():
        async with serve_certified(client, "web1", "127.0.0.1") as authority:
            client.known.write_text(f"@cert-authority [127.0.0.1]:* {authority}")
            assert await greet(client) == b"hello\n"

    asyncio.run(work())


def test_a_certificate_for_another_host_is_refused(client):
    async def work():
        async with serve_certified(client, "db1", "db1") as authority:
            client.known.write_text(f"@cert-authority * {authority}")
            with pytest.raises(RemoteError, match="its key is refused"):
                await greet(client)

    asyncio.run(work())
