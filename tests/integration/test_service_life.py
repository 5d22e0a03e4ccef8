"""The example release on a booted host, from its installation to a reboot: what systemd says and which hooks run."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from tests.harness import EXAMPLES, build, copy_project, dray, wait_for
from tests.hosts.booted import booted

pytestmark = [pytest.mark.beam, pytest.mark.root, pytest.mark.hosts]

POINTS = ("pre_configure", "post_configure", "pre_start", "post_start", "pre_stop", "post_stop", "status")
CONFIG = """
from dray.config import config
from dray.steps import assemble, release, service

config(
    "service",
    port=4050,
    check="http://localhost:4050/greeting",
    credentials={"cookie": "/etc/shop/cookie"},
    watchdog=12,
    restart_delay=0,
)
build = release("shop") | assemble() | service("systemd")
"""
LISTENING = "0A"
SSH = 22  # a host may have a server of its own
LOOPBACK = {"0100007F", "00000000000000000000000001000000"}
START = ["pre_configure", "post_configure", "pre_start", "post_start"]
STOP = ["pre_stop", "post_stop"]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The example with a hook for each point, that writes down the point and its release's version."""
    project = copy_project(EXAMPLES / "shop_umbrella", tmp_path_factory.mktemp("life") / "shop_umbrella")
    (project / "rel/config.py").write_text(CONFIG)
    for point in POINTS:
        (project / "rel/hooks" / point).mkdir(parents=True)
        (project / "rel/hooks" / point / "note.sh").write_text(
            f'mkdir -p "$RELEASE_TMP" && echo "{point} $RELEASE_VSN" >>"$RELEASE_TMP/noted"\n'
        )
    build(project)
    return project


@pytest.fixture(scope="module")
def host(project, tmp_path_factory):
    """A host with the release at its place and its service installed by the commands that dray prints."""
    with booted(tmp_path_factory.mktemp("host"), bind={project / "_build/prod/rel/shop": "/opt/shop"}) as host:
        done = dray("export", "systemd", "--to", str(host.root / "var/lib/files"), cwd=project)
        assert done.status == 0, done.err
        for unit in ("epmd.socket", "epmd.service"):  # as on a host without Erlang
            (host.root / "lib/systemd/system" / unit).unlink(missing_ok=True)
            (host.root / "etc/systemd/system/sockets.target.wants" / unit).unlink(missing_ok=True)
            host.run("systemctl", "stop", unit)
        host.run("systemctl", "daemon-reload")
        (host.root / "etc/shop").mkdir()
        (host.root / "etc/shop/cookie").write_text("of-the-host\n")
        (host.root / "etc/shop/cookie").chmod(0o600)
        commands = [line.strip() for line in done.err.splitlines() if line.startswith("  ")]
        for command in commands:
            typed = host.run("sh", "-c", f"cd /var/lib/files && {command}")
            assert typed.status == 0, f"{command}: {typed.err}{journal(host)}"
        yield host


def journal(host):
    return host.run("journalctl", "-u", "shop", "-n", "60", "--no-pager").out


def show(host, name):
    return host.run("systemctl", "show", "--value", "-p", name, "shop").out.strip()


def noted(host):
    """Return the points whose hooks have run since the last call."""
    file = host.root / "var/lib/shop/noted"
    lines = file.read_text().splitlines() if file.exists() else []
    file.unlink(missing_ok=True)
    assert all(line.endswith(" 0.1.0") for line in lines)
    return [line.split()[0] for line in lines]


def wait_until_active(host):
    wait_for(lambda: show(host, "ActiveState") == "active", f"the service; {journal(host)}", 60)


def type_as_shop(host, command):
    """Run a command of the launcher as the service's user does: without what systemd gives to the service alone."""
    return host.run("su", "-s", "/bin/sh", "shop", "-c", f"RELEASE_TMP=/var/lib/shop /opt/shop/bin/shop {command}")


def listeners(host):
    """Return the addresses and ports at which anything on the host listens."""
    found = set()
    for table in ("tcp", "tcp6"):
        for line in host.run("cat", f"/proc/net/{table}").out.splitlines()[1:]:
            _, local, _, state = line.split()[:4]
            if state == LISTENING:
                address, port = local.split(":")
                found.add((address, int(port, 16)))
    return found


def test_the_installed_service_answers_and_its_hooks_have_run(host):
    wait_until_active(host)
    assert noted(host) == START
    assert host.run("curl", "-fsS", "http://localhost:4050/greeting").status == 0
    elsewhere = {(address, port) for address, port in listeners(host) if address not in LOOPBACK}
    assert {port for _, port in elsewhere} - {SSH} <= {4050}, host.run("ss", "-ltnp").out
    asked = type_as_shop(host, "status")
    assert asked.status == 0, asked.err
    assert re.match(r"shop 0\.1\.0 is running: pid \d+, node shop, up", asked.out)
    assert noted(host) == ["status"]
    assert type_as_shop(host, "rpc 'IO.write(Node.get_cookie())'").out == "of-the-host"


def test_a_crash_is_followed_by_a_start_and_by_no_hook_of_a_stop(host):
    wait_until_active(host)
    before = type_as_shop(host, "pid").out.strip()
    assert host.run("kill", "-KILL", before).status == 0
    wait_for(lambda: type_as_shop(host, "pid").out.strip() not in {"", before}, "another start", 60)
    wait_until_active(host)
    assert noted(host) == START


def test_a_system_that_does_not_answer_any_more_is_started_again(host):
    wait_until_active(host)
    before, starts = type_as_shop(host, "pid").out.strip(), int(show(host, "NRestarts"))
    assert host.run("kill", "-STOP", before).status == 0
    wait_for(lambda: int(show(host, "NRestarts")) > starts, "the watchdog", 60)
    wait_until_active(host)
    assert "watchdog" in journal(host).lower()
    assert noted(host) == START


def test_a_system_that_restarts_itself_still_gives_signs_of_life(host):
    wait_until_active(host)
    pid, starts = type_as_shop(host, "pid").out, show(host, "NRestarts")
    assert type_as_shop(host, "restart").status == 0
    moment = float(host.run("cat", "/proc/uptime").out.split()[0])
    wait_for(lambda: float(host.run("cat", "/proc/uptime").out.split()[0]) > moment + 14, "a watchdog's time", 60)
    wait_for(lambda: type_as_shop(host, "pid").out == pid, "the system", 30)
    assert (show(host, "ActiveState"), show(host, "NRestarts")) == ("active", starts)


def test_a_reboot_stops_in_order_and_starts_again(host):
    wait_until_active(host)
    noted(host)
    host.reboot()
    wait_until_active(host)
    assert noted(host) == [*STOP, *START]
    after = [show(host, name) for name in ("InactiveExitTimestampMonotonic", "ActiveEnterTimestampMonotonic")]
    assert all(int(one) <= int(next_) for one, next_ in pairwise(after))
    assert "network-online.target" in show(host, "After")


def test_a_power_cut_in_the_middle_of_a_start_does_not_hinder_the_next(host):
    wait_until_active(host)
    assert host.run("systemctl", "stop", "shop").status == 0
    noted(host)
    host.run("systemctl", "start", "--no-block", "shop")
    wait_for((host.root / "var/lib/shop/noted").exists, "the first hook of the start")
    host.pull_the_plug()
    host.boot()
    wait_until_active(host)
    assert noted(host)[-4:] == START
    assert type_as_shop(host, "ping").status == 0


def test_a_stop_runs_its_hooks_once_and_leaves_nothing(host):
    wait_until_active(host)
    noted(host)
    assert host.run("systemctl", "stop", "shop").status == 0
    assert (show(host, "ActiveState"), show(host, "Result")) == ("inactive", "success")
    assert noted(host) == STOP
    asked = type_as_shop(host, "status")
    assert asked.status == 3
    assert {port for _, port in listeners(host)} & {4050} == set()
