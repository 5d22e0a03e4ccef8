"""What a release tells systemd, as systemd would hear it: sd_notify(3) over a datagram socket."""

from __future__ import annotations

import os
import signal
import socket
import subprocess

import pytest

pytestmark = [pytest.mark.beam, pytest.mark.services]


@pytest.fixture
def node(built, launch):
    return launch(built("single") / "_build/prod/rel/greeter", "greeter")


@pytest.fixture
def heard(node, tmp_path):
    """Return a function that starts the system in the foreground and returns the first messages."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(tmp_path / "notify"))
        ear.settimeout(30)
        processes = []

        def listen(count, **env):
            variables = {**os.environ, **node.env, "NOTIFY_SOCKET": str(tmp_path / "notify"), **env}
            processes.append(
                subprocess.Popen(
                    [*node.shell, str(node.tree / "bin/greeter"), "start"],
                    env=variables,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    start_new_session=True,
                )
            )
            return [ear.recv(100).decode() for _ in range(count)]

        yield listen
        for process in processes:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def test_a_system_says_when_it_is_ready(heard, node):
    assert heard(1) == ["READY=1"]
    assert node("ping").status == 0


def test_a_watched_system_gives_signs_of_life(heard):
    assert heard(3, WATCHDOG_USEC="4000000") == ["READY=1", "WATCHDOG=1", "WATCHDOG=1"]


def test_a_system_that_nobody_can_ask_is_ready_when_it_starts(heard):
    messages = heard(6, RELEASE_DISTRIBUTION="none", WATCHDOG_USEC="4000000")
    told = [message.strip() for message in messages if "BARRIER" not in message]
    assert told[0] == "READY=1"
    assert set(told[1:]) == {"WATCHDOG=1"}


def test_an_empty_cookie_of_systemd_is_refused(node, tmp_path):
    (tmp_path / "cookie").write_text("")
    done = node("start", env={"RELEASE_COOKIE": "", "CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert done.status == 1
    assert "the credential cookie is empty" in done.err


def test_an_empty_file_of_a_cookie_is_none(node, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run/COOKIE").write_text("")
    node.env["RELEASE_COOKIE"] = ""
    with node.running():
        assert node("rpc", "IO.write(Node.get_cookie())").out != ""
    assert (tmp_path / "run/COOKIE").read_text()


def test_systemd_s_cookie_is_that_of_the_node_and_of_later_commands(heard, node, tmp_path):
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials/cookie").write_text("of-the-host\n")
    heard(1, RELEASE_COOKIE="", CREDENTIALS_DIRECTORY=str(tmp_path / "credentials"))
    asked = node("rpc", "IO.write(Node.get_cookie())", env={"RELEASE_COOKIE": ""})
    assert (asked.status, asked.out) == (0, "of-the-host"), asked.err
    assert (tmp_path / "run/COOKIE").stat().st_mode & 0o777 == 0o600
