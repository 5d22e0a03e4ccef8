"""Ways to a host: through others, by a command, many at once; with the terminal of the user."""

from __future__ import annotations

import asyncio
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import asyncssh
import pytest

from dray.core.host import Host, parse_host
from dray.deploy.openssh import OpenSshTransport
from dray.deploy.ssh import SshTransport
from dray.deploy.unread_options import list_unread_options
from dray.errors import ConfigError, RemoteError
from tests.harness import ROOT, wait_for
from tests.ssh_hosts import make_client, run_sshd, serve

WEB1 = Host("web1")
KINDS = ["asyncssh", pytest.param("openssh", marks=pytest.mark.sshd)]


@pytest.fixture(params=KINDS)
def transport(request):
    return {"asyncssh": SshTransport, "openssh": OpenSshTransport}[request.param]


@pytest.fixture
def client(tmp_path):
    return make_client(tmp_path / "client")


async def greet(transport, host=WEB1):
    async with transport.connect(host) as connection, connection.start(("echo", "hello")) as channel:
        return await channel.read_line()


def jump_server(passed):
    """Return the class of a server that others go through."""

    class Jump(asyncssh.SSHServer):
        def connection_requested(self, dest_host, dest_port, orig_host, orig_port):
            passed.append(dest_port)
            return True

    return Jump


@pytest.mark.parametrize("jumps", ["bastion", "bastion,inner"])
def test_a_host_behind_others_is_reached_through_them(client, transport, jumps):
    passed = []

    async def work():
        server = jump_server(passed)
        async with (
            serve(client, server_factory=server) as (bastion, key1),
            serve(client, server_factory=server) as (inner, key2),
            serve(client) as (port, key3),
        ):
            client.add_host("bastion", bastion)
            client.add_host("inner", inner)
            client.add_host("web1", port, f"ProxyJump {jumps}")
            for known, at in ((key1, bastion), (key2, inner), (key3, port)):
                client.learn(known, at)
            assert await greet(transport(client.config)) == b"hello\n"
            return [port] if jumps == "bastion" else [inner, port]

    expected = asyncio.run(work())
    assert passed == expected


def test_the_key_of_a_host_in_between_is_verified_too(client):
    async def work():
        async with serve(client, server_factory=jump_server([])) as (bastion, key), serve(client) as (port, last):
            client.add_host("bastion", bastion)
            client.add_host("web1", port, "ProxyJump bastion")
            client.learn(last, port)
            with pytest.raises(RemoteError, match="bastion: its key is not known") as caught:
                await greet(SshTransport(client.config))
            assert key.get_fingerprint() in caught.value.what

    asyncio.run(work())


def test_a_host_in_between_that_cannot_go_on_is_told(client):
    async def work():
        async with serve(client) as (bastion, key):
            client.add_host("bastion", bastion)
            client.add_host("web1", 1, "ProxyJump bastion")
            client.learn(key, bastion)
            with pytest.raises(RemoteError, match="web1 cannot be reached through its ProxyJump"):
                await greet(SshTransport(client.config))

    asyncio.run(work())


def test_a_jump_of_all_hosts_does_not_hold_for_itself(client):
    async def work():
        async with serve(client) as (bastion, key):
            client.add_host("bastion", bastion)
            with client.config.open("a") as file:
                file.write("Host *\n  ProxyJump bastion\n")
            client.learn(key, bastion)
            return await greet(SshTransport(client.config), Host("bastion"))

    assert asyncio.run(work()) == b"hello\n"


def test_hosts_that_lie_behind_each_other_are_an_error(client):
    client.add_host("web1", 1, "ProxyJump web2")
    client.add_host("web2", 1, "ProxyJump web1")
    with pytest.raises(ConfigError, match="ProxyJump leads in a circle: web1, web2, web1"):
        asyncio.run(greet(SshTransport(client.config)))


RELAY = """
import os, socket, sys, threading

there = socket.create_connection((sys.argv[1], int(sys.argv[2])))

def carry_back():
    while data := there.recv(65536):
        os.write(1, data)

threading.Thread(target=carry_back, daemon=True).start()
while data := os.read(0, 65536):
    there.sendall(data)
"""


def test_a_proxy_command_is_the_way(client, transport):
    async def work():
        async with serve(client) as (port, key):
            (client.path / "relay.py").write_text(RELAY)
            client.add_host("web1", port, f"ProxyCommand {sys.executable} {client.path}/relay.py %h %p")
            client.learn(key, port)
            return await greet(transport(client.config))

    assert asyncio.run(work()) == b"hello\n"


def test_twenty_hosts_are_reached_at_once(client):
    async def work():
        async with serve(client) as (port, key):
            for number in range(20):
                client.add_host(f"web{number}", port)
            client.learn(key, port)
            transport = SshTransport(client.config)
            return await asyncio.gather(*(greet(transport, Host(f"web{number}")) for number in range(20)))

    assert asyncio.run(work()) == [b"hello\n"] * 20


def test_files_of_keys_that_are_not_there_are_passed_over(client, transport):
    async def work():
        async with serve(client) as (port, key):
            client.config.write_text(f"Host *\n  IdentityFile {client.path}/not-there\n")
            client.add_host("web1", port)
            client.learn(key, port)
            return await greet(transport(client.config))

    assert asyncio.run(work()) == b"hello\n"


def test_commands_and_terminals_of_the_configuration_do_not_get_in_the_way(client, transport):
    async def work():
        async with serve(client) as (port, key):
            client.add_host("web1", port, "RemoteCommand tmux", "RequestTTY yes", "Compression yes", "LogLevel DEBUG")
            client.learn(key, port)
            return await greet(transport(client.config))

    assert asyncio.run(work()) == b"hello\n"


ATTACH = """
import asyncio, sys
from pathlib import Path
from dray.core.host import Host
from dray.deploy.open_transport import open_transport

async def main(kind, config):
    async with open_transport(kind, config=Path(config)).connect(Host("web1")) as connection:
        script = "test -t 0 && echo terminal; trap 'echo caught; exit 5' INT; echo ready; sleep 20 & wait"
        return await connection.attach(("sh", "-c", script))

print("status", asyncio.run(main(*sys.argv[1:])))
"""


@pytest.mark.sshd
@pytest.mark.parametrize("kind", ["local", "asyncssh", "openssh"])
def test_a_program_gets_the_terminal_and_its_interruptions(tmp_path, client, kind):
    with run_sshd(client, tmp_path / "sshd") as port:
        client.add_host("web1", port)
        client.learn(tmp_path / "sshd/host.pub", port)
        said = talk(sys.executable, "-c", ATTACH, kind, str(client.config))
    assert "terminal" in said
    assert "caught" in said
    assert "status 5" in said


def talk(*argv):
    """Run a program at a terminal, press Ctrl-C once it is ready, and return what it says."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        os.execv(argv[0], argv)
    said = b""
    pressed = False
    try:
        while data := os.read(terminal, 1000):
            said += data
            if b"ready" in said and not pressed:
                pressed = True
                os.write(terminal, b"\x03")
    except OSError:  # as Linux says that the other end is closed
        pass
    os.waitpid(pid, 0)
    os.close(terminal)
    return said.decode()


ASK = """
import asyncio, sys
from pathlib import Path
from dray.core.host import Host
from dray.deploy.open_transport import open_transport

async def main(config):
    accept = lambda *_: input("ready? ") == "yes"
    async with open_transport(config=Path(config), accept=accept).connect(Host("web1")):
        print("connected")

try:
    asyncio.run(main(*sys.argv[1:]))
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.sshd
def test_a_question_can_be_interrupted(tmp_path, client):
    with run_sshd(client, tmp_path / "sshd") as port:
        client.add_host("web1", port)
        said = talk(sys.executable, "-c", ASK, str(client.config))
    assert said.endswith("interrupted\r\n")


WAIT = """
import asyncio, sys
from pathlib import Path
from dray.core.host import Host
from dray.deploy.openssh import OpenSshTransport

async def main(config):
    async with OpenSshTransport(Path(config)).connect(Host("web1")) as connection:
        print(connection.master._transport.get_pid(), flush=True)
        await asyncio.sleep(600)

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.sshd
@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
def test_no_ssh_is_left_behind(tmp_path, client, sent):
    with run_sshd(client, tmp_path / "sshd") as port:
        client.add_host("web1", port)
        client.learn(tmp_path / "sshd/host.pub", port)
        argv = (sys.executable, "-c", WAIT, str(client.config))
        with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT) as process:
            ssh = Path("/proc") / process.stdout.readline().decode().strip()
            assert ssh.exists()
            process.send_signal(sent)
        wait_for(lambda: not ssh.exists() or "\nState:\tZ" in (ssh / "status").read_text(), "the end of ssh")


@pytest.mark.sshd
def test_options_that_are_not_honoured_are_named(client):
    client.config.write_text(
        "Host web*\n  StrictHostKeyChecking accept-new\n  KnownHostsCommand /bin/keys %H\n  ControlPath ~/.ssh/c\n"
        "Host db1\n  StrictHostKeyChecking yes\n  ForwardAgent yes\n  Port 2222\n"
    )
    found = list_unread_options(client.config, parse_host("deploy@web1:22"))
    assert [option.split()[0] for option in found] == ["KnownHostsCommand", "StrictHostKeyChecking"]
    assert found == ("KnownHostsCommand /bin/keys %H", "StrictHostKeyChecking accept-new")
    assert list_unread_options(client.config, Host("db1")) == ()
    assert list_unread_options(client.config, WEB1, program=("no-ssh",)) == ()


def test_the_library_is_loaded_by_the_transport_alone():
    rooms = "dray.cli, dray.deploy.open_transport, dray.deploy.openssh, dray.deploy.local, dray.deploy.unread_options"
    script = f"import sys, {rooms}; print('asyncssh' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
