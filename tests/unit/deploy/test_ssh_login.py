"""Why a host cannot be logged in to: each error names the host and says what to type."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess

import asyncssh
import pytest

from dray.core.host import Host, parse_host
from dray.deploy.open_transport import open_transport
from dray.deploy.openssh import OpenSshTransport
from dray.deploy.ssh import SshTransport
from dray.deploy.ssh_errors import is_encrypted
from dray.errors import ConfigError, RemoteError
from tests.ssh_hosts import make_client, run_sshd, serve

WEB1 = Host("web1")
KINDS = [SshTransport, pytest.param(OpenSshTransport, marks=pytest.mark.sshd)]


@pytest.fixture
def client(tmp_path):
    return make_client(tmp_path / "client")


@pytest.fixture(params=KINDS, ids=["asyncssh", "openssh"])
def transport(request):
    return request.param


def fail(transport, host=WEB1):
    """Return the error of connecting to a host."""

    async def work():
        with pytest.raises(RemoteError) as caught:
            async with transport.connect(host):
                pass
        return caught.value

    return work()


async def say_hello(transport, host=WEB1):
    async with transport.connect(host) as connection, connection.start(("echo", "hello")) as channel:
        return await channel.read_line()


def test_a_name_that_cannot_be_resolved(client, transport):
    error = asyncio.run(fail(transport(_empty(client)), Host("no-host.invalid")))
    assert error.what.startswith("no-host.invalid: its name cannot be resolved")
    assert "HostName" in error.hint
    assert error.exit_code == 3


def _empty(client):
    client.config.touch()
    return client.config


def test_a_port_where_nothing_listens(client, transport, unused_port):
    client.add_host("web1", unused_port)
    error = asyncio.run(fail(transport(client.config)))
    assert error.what.startswith(("web1 refuses the connection to port", "web1: it refuses the connection"))
    assert "USER@HOST:PORT" in error.hint


@pytest.fixture
def unused_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextlib.asynccontextmanager
async def answer_with(data):
    """Listen, and say something that is no ssh; nothing closes after it."""

    writers = []

    async def speak(reader, writer):
        writers.append(writer)
        writer.write(data)
        with contextlib.suppress(ConnectionError):
            await reader.read(100)
        if data:
            writer.close()

    async with await asyncio.start_server(speak, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]
        for writer in writers:
            writer.transport.abort()
    await asyncio.sleep(0)


def test_a_host_that_says_nothing(client, transport):
    async def work():
        async with answer_with(b"") as port:
            client.add_host("web1", port)
            return await fail(transport(client.config, timeout=1))

    error = asyncio.run(work())
    assert error.what.startswith(("web1 does not answer on port", "web1: it does not answer"))
    assert "firewall" in error.hint


@pytest.mark.parametrize("said", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-1.0-old\r\n", b"x" * 70000, b"\0" * 99])
def test_something_that_speaks_no_ssh(client, said):
    async def work():
        async with answer_with(said) as port:
            client.add_host("web1", port)
            return await fail(SshTransport(client.config, timeout=2))

    error = asyncio.run(work())
    assert "web1" in error.what
    assert error.hint


def test_a_user_who_is_refused_learns_which_keys_were_offered(client, transport):
    async def work():
        async with serve(client, authorized_client_keys=str(client.path / "other.pub")) as (port, key):
            client.add_host("web1", port)
            client.learn(key, port)
            return await fail(transport(client.config), Host("web1", user="deploy"))

    asyncssh.generate_private_key("ssh-ed25519").write_public_key(client.path / "other.pub")
    error = asyncio.run(work())
    assert error.what.startswith("web1 refuses the user")
    assert "deploy" in error.what
    assert "ssh -v" in error.hint
    if transport is SshTransport:
        assert error.what == f"web1 refuses the user deploy: it was offered {client.path}/user"


def test_a_user_without_a_key_learns_so(client):
    async def work():
        async with serve(client) as (port, key):
            client.add_host("web1", port)
            client.learn(key, port)
            (client.path / "user").unlink()
            return await fail(SshTransport(client.config))

    assert "there was no key to offer" in asyncio.run(work()).what


@pytest.mark.sshd
@pytest.mark.parametrize("form", ["RFC4716", "PEM", "PKCS8"])
def test_a_key_with_a_passphrase_is_left_to_the_agent(client, form):
    for name in ("user", "user.pub"):
        (client.path / name).unlink()
    kind = ("-t", "rsa", "-b", "2048", "-m", form)
    subprocess.run(["ssh-keygen", "-q", *kind, "-N", "secret", "-f", client.path / "user"], check=True)

    async def work():
        async with serve(client) as (port, host_key):
            client.add_host("web1", port)
            client.learn(host_key, port)
            return await fail(SshTransport(client.config))

    error = asyncio.run(work())
    assert "there was no key to offer" in error.what
    assert error.hint == f"dray asks for no passphrase, the agent does: ssh-add {client.path}/user"


@pytest.mark.sshd
@pytest.mark.parametrize("only", ["yes", "no"])
@pytest.mark.parametrize("named", ["path", "SSH_AUTH_SOCK", "$DRAY_AGENT"])
def test_the_agent_has_the_key_that_has_a_passphrase(client, transport, only, named, monkeypatch):
    secret = client.path / "locked"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", secret, "-C", "laptop"], check=True)
    assert is_encrypted(secret)
    assert not is_encrypted(client.path / "user")
    path = client.path / "agent"
    if named == "path":
        named = path
    else:
        monkeypatch.setenv(named.strip("$"), str(path))
    client.config.write_text(
        f"Host web1\n  IdentityAgent {named}\n  IdentitiesOnly {only}\n  IdentityFile {secret}\n"
    )
    with subprocess.Popen(["ssh-agent", "-D", "-a", path], stdout=subprocess.DEVNULL) as agent:
        try:
            asyncio.run(_use_agent(client, transport, secret, path))
        finally:
            agent.terminate()


@pytest.mark.sshd
def test_too_many_keys_are_told_apart_from_something_that_is_no_ssh(client, tmp_path):
    for number in range(3):
        asyncssh.generate_private_key("ssh-ed25519").write_private_key(client.path / f"key{number}")
    client.config.write_text("".join(f"IdentityFile {client.path}/key{number}\n" for number in range(3)))
    with run_sshd(client, tmp_path / "sshd", MaxAuthTries="2") as port:
        client.add_host("web1", port)
        client.learn(tmp_path / "sshd/host.pub", port)
        error = asyncio.run(fail(SshTransport(client.config)))
    assert error.what.startswith("web1 ended the login: Too many authentication failures")
    assert "IdentitiesOnly" in error.hint


def test_a_host_that_starts_no_program(client):
    async def work():
        async with serve(client, process_factory=None) as (port, key):
            client.add_host("web1", port)
            client.learn(key, port)
            with pytest.raises(RemoteError, match="web1 starts no program: ") as caught:
                await say_hello(SshTransport(client.config))
            assert "ForceCommand" in caught.value.hint

    asyncio.run(work())


async def _use_agent(client, transport, secret, path):
    for _ in range(100):
        if path.exists():
            break
        await asyncio.sleep(0.05)
    asking = client.path / "asking"
    asking.write_text("#!/bin/sh\necho secret\n")
    asking.chmod(0o700)
    env = {**os.environ, "SSH_AUTH_SOCK": str(path), "SSH_ASKPASS": str(asking), "SSH_ASKPASS_REQUIRE": "force"}
    added = await asyncio.create_subprocess_exec("ssh-add", "-q", secret, env=env)
    assert await added.wait() == 0
    async with serve(client, authorized_client_keys=f"{secret}.pub") as (port, key):
        client.add_host("web1", port)
        client.learn(key, port)
        assert await say_hello(transport(client.config)) == b"hello\n"


def test_a_certificate_of_the_user_logs_in(client, transport):
    authority = asyncssh.generate_private_key("ssh-ed25519")
    user = asyncssh.read_private_key(client.path / "user")
    authority.generate_user_certificate(user, "deploy", principals=["deploy"]).write_certificate(
        client.path / "user-cert.pub"
    )
    (client.path / "authorized").write_text(f"cert-authority {authority.export_public_key().decode()}")

    async def work():
        async with serve(client, authorized_client_keys=str(client.path / "authorized")) as (port, key):
            client.add_host("web1", port, f"CertificateFile {client.path}/user-cert.pub")
            client.learn(key, port)
            return await say_hello(transport(client.config), Host("web1", user="deploy"))

    assert asyncio.run(work()) == b"hello\n"


def test_user_and_port_are_those_of_the_host_or_of_the_configuration(client, transport):
    users = []

    def server():
        class Server(asyncssh.SSHServer):
            def begin_auth(self, username):
                users.append(username)
                return False

        return Server()

    async def work():
        async with serve(client, server_factory=server) as (port, key), serve(client) as (other, _):
            client.add_host("web1", port, "User shop")
            client.add_host("web2", other)
            client.learn(key, port)
            assert await say_hello(transport(client.config)) == b"hello\n"
            assert await say_hello(transport(client.config), parse_host(f"deploy@web2:{port}")) == b"hello\n"

    asyncio.run(work())
    assert users == ["shop", "deploy"]


def test_no_algorithm_in_common_points_to_the_other_transport(client):
    async def work():
        async with serve(client, kex_algs=["diffie-hellman-group1-sha1"]) as (port, key):
            client.add_host("web1", port)
            client.learn(key, port)
            return await fail(SshTransport(client.config))

    error = asyncio.run(work())
    assert "web1 and dray have no algorithm in common" in error.what
    assert "openssh" in error.hint


@pytest.mark.parametrize("line", ["Port many", 'User "open', "Include"])
def test_a_configuration_that_is_wrong_names_file_and_line(client, line):
    client.config.write_text(f"Host web1\n  {line}\n")

    async def work():
        with pytest.raises(ConfigError, match="config line 2: ") as caught:
            async with SshTransport(client.config).connect(WEB1):
                pass
        assert "openssh" in caught.value.hint

    asyncio.run(work())


def test_a_file_that_is_not_there_is_an_error(client):
    async def work():
        with pytest.raises(ConfigError, match="No such file"):
            async with SshTransport(client.path / "none").connect(WEB1):
                pass

    asyncio.run(work())


def test_a_program_that_is_missing_is_an_error():
    async def work():
        with pytest.raises(RemoteError, match="no-ssh cannot be started: No such file"):
            async with OpenSshTransport(program=("no-ssh",)).connect(WEB1):
                pass
        async with open_transport("local").connect(WEB1) as connection:
            with pytest.raises(RemoteError, match="web1: no-program cannot be started"):
                async with connection.start(("no-program",)):
                    pass

    asyncio.run(work())


@pytest.mark.parametrize("kind", ["asyncssh", "openssh", "local"])
def test_a_transport_has_a_name(kind):
    assert open_transport(kind)


def test_another_name_is_an_error():
    with pytest.raises(ConfigError) as caught:
        open_transport("opnssh")
    assert caught.value.suggestion() == "openssh"


@pytest.mark.sshd
@pytest.mark.parametrize("changed", [False, True])
def test_openssh_refuses_a_key_that_is_not_known(client, changed):
    async def work():
        async with serve(client) as (port, _):
            client.add_host("web1", port)
            if changed:
                client.learn(asyncssh.generate_private_key("ssh-ed25519"), port)
            return port, await fail(OpenSshTransport(client.config))

    port, error = asyncio.run(work())
    if changed:
        assert f"(line 1 of {client.known})" in error.what
        assert f"ssh-keygen -R '[127.0.0.1]:{port}' -f {client.known}" in error.hint
    else:
        assert error.what == "web1: its key is not known on this machine"
        assert error.hint.endswith(f"ssh -F {client.config} web1")
