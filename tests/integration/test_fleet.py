"""The fleets of hosts that other tests deploy to."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.harness import ROOT, run, wait_for
from tests.hosts import claims
from tests.hosts.booted import list_groups
from tests.hosts.fleet import fleet
from tests.hosts.relay import relayed

pytestmark = [pytest.mark.root, pytest.mark.hosts, pytest.mark.sshd]


@pytest.fixture(scope="module")
def hosts(tmp_path_factory):
    with fleet(tmp_path_factory.mktemp("fleet"), 2) as running:
        yield running


def ssh(config, name, command, *options):
    return run("ssh", "-F", config, *options, "-o", "ConnectTimeout=30", name, command, cwd=Path("/"))


def answers(config, name):
    return ssh(config, name, "true", "-o", "ConnectTimeout=1").status == 0


def test_ssh_reaches_every_host_by_its_name(hosts):
    for number, host in enumerate(hosts, 1):
        done = ssh(hosts.ssh_config, f"h{number}", "hostname; hostname -I; cat /etc/machine-id")
        name, address, machine = done.out.split()
        assert (name, address) == (host.name, host.address), done.err
        assert machine != Path("/etc/machine-id").read_text().strip()
        assert host.run("systemctl", "is-system-running").out == "running\n"
        assert host.run("ssh-keyscan", "-t", "ed25519", "h2").out.split()[1:] == public_key(hosts[1]).split()[:2]


def public_key(host):
    return (host.root / "etc/ssh/ssh_host_ed25519_key.pub").read_text()


def test_a_host_with_another_key_is_refused(hosts, tmp_path):
    mixed = tmp_path / "known_hosts"
    mixed.write_text(hosts.known_hosts.read_text().replace(public_key(hosts[0]), public_key(hosts[1])))
    done = ssh(hosts.ssh_config, "h1", "true", "-o", f"UserKnownHostsFile={mixed}")
    assert done.status == 255
    assert "Host key verification failed" in done.err


@pytest.mark.parametrize(("user", "status"), [("deploy", 0), ("guest", 1)])
def test_users_may_log_in_and_one_may_become_root(hosts, user, status):
    assert ssh(hosts.ssh_config, f"{user}@h1", "id -un; echo $HOME").out == f"{user}\n/home/{user}\n"
    done = ssh(hosts.ssh_config, f"{user}@h1", "sudo -n id -u")
    assert (done.status, done.out) == (status, "0\n" if status == 0 else ""), done.err


def test_hosts_see_nothing_that_belongs_to_this_machine_alone(hosts):
    assert not any((hosts[0].root / str(ROOT)[1:]).glob("*"))
    assert [path.name for path in (hosts[0].root / "root").iterdir()] == [".ssh"]
    listens = hosts[0].run("ss", "-lntuH").out.splitlines()
    assert {line.split()[4].rpartition(":")[2] for line in listens} == {"22"}


def test_hosts_reach_each_other(hosts):
    done = hosts[0].run("bash", "-c", "exec 3<>/dev/tcp/h2.fleet.example/22 && head -c4 <&3")
    assert done.out == "SSH-"


def test_a_cable_is_cut_and_mended(hosts):
    hosts[0].cut()
    assert not answers(hosts.ssh_config, "h1")
    assert ssh(hosts.ssh_config, "h2", "true").status == 0
    hosts[0].mend()
    assert ssh(hosts.ssh_config, "h1", "true").status == 0


def test_files_outlive_a_reboot_and_a_pulled_plug(hosts):
    host = hosts[1]
    ssh(hosts.ssh_config, "h2", "echo here >/var/lib/mine")
    first = host.run("cat", "/proc/sys/kernel/random/boot_id", "/proc/1/stat").out
    host.reboot()
    assert ssh(hosts.ssh_config, "h2", "cat /var/lib/mine").out == "here\n"
    host.pull_the_plug()
    assert not answers(hosts.ssh_config, "h2")
    assert (host.root / "var/lib/mine").read_text() == "here\n"
    host.boot()
    assert ssh(hosts.ssh_config, "h2", "cat /var/lib/mine").out == "here\n"
    assert host.run("cat", "/proc/sys/kernel/random/boot_id", "/proc/1/stat").out != first


def test_whoever_is_connected_hears_nothing_of_a_pulled_plug(hosts):
    argv = ("ssh", "-F", hosts.ssh_config, "h2", "echo ready; sleep 60")
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as connected:
        assert connected.stdout.readline() == b"ready\n"
        hosts[1].pull_the_plug()
        time.sleep(0.5)  # what must not happen gives no sign
        said_goodbye = connected.poll() is not None
        connected.kill()
    hosts[1].boot()
    assert not said_goodbye


def test_what_is_sent_is_counted(hosts):
    before = hosts.sent_bytes()
    run("ssh", "-F", hosts.ssh_config, "h1", "cat >/dev/null", cwd=Path("/"), stdin="x" * 1_000_000)
    assert 1_000_000 < hosts.sent_bytes() - before < 1_100_000


def test_a_relay_takes_hosts_far_away(hosts):
    with relayed(hosts, delay_ms=100) as config:
        began = time.monotonic()
        assert ssh(config, "h2", "hostname").out == "h2\n"
        assert time.monotonic() - began > 0.5
        # More than a connection's buffers hold, both ways at once.
        text = "x" * 20_000_000
        assert run("ssh", "-F", config, "h1", "cat", cwd=Path("/"), stdin=text).out == text
    assert not answers(config, "h2")


def test_two_fleets_do_not_collide_and_nothing_is_left(hosts, tmp_path, monkeypatch):
    allowed = tmp_path / "allowed"
    allowed.write_text("128")
    monkeypatch.setattr(claims, "_INSTANCES", allowed)  # other fleets of this machine change the true one
    folder = tmp_path / "fleet"
    folder.mkdir()
    with fleet(folder, 1) as others:
        assert others.name != hosts.name
        # A tmpfs and an overlay, a control group, a network namespace, a cable and a bridge.
        assert len(claims.list_left(others.name)) == 6
        assert int(allowed.read_text()) > 128
        assert ssh(others.ssh_config, "h1", "touch /var/lib/other").status == 0
        assert ssh(hosts.ssh_config, "h1", "ls /var/lib/other").status != 0
    # That nothing else is left, the fleet itself has seen.
    assert list(folder.iterdir()) == []
    assert allowed.read_text() == "128"
    assert ssh(hosts.ssh_config, "h1", "true").status == 0


def test_nothing_is_left_when_a_test_fails(tmp_path):
    class FaultError(Exception):
        pass

    with pytest.raises(FaultError), fleet(tmp_path, 1):
        raise FaultError
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_removed_is_told(monkeypatch):
    monkeypatch.setattr(claims, "list_left", lambda name: [f"{name}-h1"])
    with pytest.raises(AssertionError, match="a fleet has left dray-f"), claims.claimed_name(instances=0):
        pass


def test_what_a_killed_fleet_leaves_the_next_one_removes(tmp_path):
    argv = (sys.executable, "-m", "tests.hosts.fleet", "1")
    env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        argv, cwd=ROOT, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env
    ) as killed:
        assert "h1 are up" in killed.stderr.readline()
        killed.kill()
    mounted = [line.split() for line in mounts().splitlines() if str(tmp_path) in line]
    name = mounted[0][0]
    [group] = [group for group in list_groups() if group.name == f"{name}-h1"]
    processes = [int(pid) for file in group.rglob("cgroup.procs") for pid in file.read_text().split()]
    assert len(mounted) == 2
    assert len(processes) > 2
    names = {""}
    while name not in names and str(tmp_path) in mounts():  # the number may be another process's by now
        with claims.claimed_name(instances=0) as (claimed, _):
            names.add(claimed)
    wait_for(lambda: str(tmp_path) not in mounts(), "the file systems to be gone")
    assert not [pid for pid in processes if runs(pid)]


def runs(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except OSError:
        return False


def mounts():
    return Path("/proc/self/mounts").read_text()
