"""Deployments that cannot be, or do not go well: hosts that are refused, and versions that are taken back."""

from __future__ import annotations

import contextlib
import re
import sys

import pytest

from tests.deployed import LONG, ask_price, begin_shop, list_installed, list_stages
from tests.harness import run, wait_for
from tests.hosts.fleet import fleet

pytestmark = [pytest.mark.beam, pytest.mark.root, pytest.mark.hosts, pytest.mark.sshd]

NAMES = ("h1", "deploy@h2")
APPLICATION = "apps/shop/lib/shop/application.ex"
START = "  def start(_type, _args) do\n"


@pytest.fixture(scope="module")
def hosts(tmp_path_factory):
    with fleet(tmp_path_factory.mktemp("fleet"), len(NAMES)) as running:
        yield running


@pytest.fixture(scope="module")
def running(hosts, compiled_shop, tmp_path_factory):
    """The shop, running on both hosts."""
    return begin_shop(compiled_shop, hosts, tmp_path_factory.mktemp("faults") / "shop", NAMES)


@pytest.fixture
def shop(running, hosts):
    """The same, as it runs; whatever the test does, both hosts are as they were, and not locked."""
    before = [(item["version"], item["pid"]) for item in running.status().values()]
    installed = [list_installed(host) for host in hosts]
    running.configure(*NAMES)
    yield running
    running.ssh_config = hosts.ssh_config
    running.configure(*NAMES)
    assert [(item["version"], item["pid"]) for item in running.status().values()] == before
    assert [list_installed(host) for host in hosts] == installed
    assert not any(list_stages(host) for host in hosts)


def refuse(shop, *arguments):
    """Type a command that must be refused, and return what it says."""
    done = shop(*arguments)
    assert done.status == 3, done.err
    return done.err


def test_host_that_is_down_stops_a_deployment_before_anything_is_sent(shop, hosts):
    hosts[1].cut()
    try:
        said = refuse(shop, "deploy")
        status = shop("status")
    finally:
        hosts[1].mend()
    assert "1 of 2 hosts cannot be reached: h2; h2 " in said
    assert 'on_unreachable="skip"' in said
    assert (status.status, "unreachable" in status.out) == (3, True)


def test_full_disk_is_found_before_anything_is_sent(shop, hosts):
    with small_disk(hosts[0], "size=8m"):
        assert shop("setup", "h1").status == 0
        shop.configure("h1")
        said = refuse(shop, "deploy")
        assert list_names(hosts[0]) == [".", "..", ".dray"]
    assert "h1: the disk is full: 8 MB are free, and " in said


def test_disk_that_gets_full_meanwhile_is_left_as_it_was(shop, hosts):
    with small_disk(hosts[0], "size=100m,nr_inodes=150"):
        assert shop("setup", "h1").status == 0
        shop.configure("h1")
        said = refuse(shop, "deploy")
        assert list_names(hosts[0]) == [".", "..", ".dray"]
        assert "stage" not in hosts[0].run("ls", "/opt/shop/.dray").out
    assert "No space left on device" in said
    assert "no host was switched; mend the cause" in said


def list_names(host):
    """Return what lies where the release is, as the host sees it."""
    return sorted(host.run("ls", "-a", "/opt/shop").out.split())


@contextlib.contextmanager
def small_disk(host, options):
    """Let a small disk lie over the release while the block lasts, as the host sees it."""
    assert host.run("mount", "-t", "tmpfs", "-o", options, "tmpfs", "/opt/shop").status == 0
    try:
        yield
    finally:
        host.run("umount", "-l", "/opt/shop")


def test_wrong_clock_is_refused(shop, hosts):
    wrapper = hosts[1].root / "usr/local/bin/date"
    wrapper.write_text('#!/bin/sh\nexec /bin/date -d "+300 seconds" "$@"\n')
    wrapper.chmod(0o755)
    try:
        said = refuse(shop, "deploy")
    finally:
        wrapper.unlink()
    assert re.search(r"the clock of \S*h2 is (29|30)\d s off", said), said
    assert "timedatectl set-ntp true" in said


def test_changed_host_key_is_refused(shop, hosts, tmp_path):
    keys = [(host.root / "etc/ssh/ssh_host_ed25519_key.pub").read_text() for host in hosts]
    known = tmp_path / "known_hosts"
    known.write_text(hosts.known_hosts.read_text().replace(keys[0], keys[1]))
    config = tmp_path / "ssh_config"
    config.write_text(hosts.ssh_config.read_text().replace(str(hosts.known_hosts), str(known)))
    shop.ssh_config = config
    shop.configure("h1")
    said = refuse(shop, "deploy")
    assert "its key is not the one that is known: the host was set up anew, or someone else answers" in said
    assert f"ssh-keygen -R {hosts[0].address} -f {known}" in said


def test_user_without_sudo_is_refused(shop):
    shop.configure("guest@h1")
    said = refuse(shop, "deploy")
    assert "guest may not run sudo here without a password" in said


def change_libc(data):
    """Let a library need a C library that nobody has yet."""
    return re.sub(rb"GLIBC_2[.0-9]+\0", lambda found: b"GLIBC_2.99".ljust(len(found[0]), b"\0"), data)


def change_cpu(data):
    """Let a library be one for another machine; see elf(5)."""
    return data[:18] + (8).to_bytes(2, sys.byteorder) + data[20:]


@pytest.mark.parametrize(
    ("change", "needs"), [(change_libc, r"\S+-linux-gnu2\.99"), (change_cpu, r"mips-linux\S*")], ids=["libc", "cpu"]
)
def test_machine_code_for_another_host_is_refused_by_its_name(shop, change, needs):
    (shop.project / "odd.c").write_text('#include <stdio.h>\nint greet(void) { return puts("hello"); }\n')
    assert run("cc", "-shared", "-fPIC", "-o", "odd.so", "odd.c", cwd=shop.project).status == 0
    library = shop.project / "odd.so"
    library.write_bytes(change(library.read_bytes()))
    shop.configure(*NAMES, steps='file("share/odd.so", source="odd.so") | ')
    said = refuse(shop, "deploy")
    assert re.search(rf"h1 cannot run share/odd\.so: it needs {needs}, and the host is \S+-linux-gnu", said), said
    assert "nothing was sent" in said


@pytest.fixture
def unwell(running, hosts):
    """The shop; whatever the test does, both hosts run the version that they ran."""
    before = running.versions()
    yield running
    assert running.versions() == before
    for host in hosts:
        assert ask_price(host).startswith("a lamp costs")


def test_version_that_crashes_at_its_start_is_taken_back(unwell):
    unwell.change(APPLICATION, START, f'{START}    raise "no luck today"\n')
    unwell.configure(*NAMES, upgrade="restart", timeout=20)
    try:
        said = refuse(unwell, "deploy")
    finally:
        unwell.change(APPLICATION, '    raise "no luck today"\n', "")
    assert "h1  rolled back" in said
    assert "was not taken by 2 of 2 hosts: h1 runs 0.1.0" in said
    assert "again: " in said
    audit = unwell("status", "--json").out
    assert '"state": "bad"' in audit


def test_version_whose_check_fails_is_taken_back_and_the_rest_is_left_alone(unwell):
    unwell.configure(*NAMES, parallel=1, timeout=1, check="echo the shop is shut >&2; false")
    said = refuse(unwell, "deploy")
    assert "h1: rolled back: after 1 s not command" in said
    assert "the shop is shut" in said
    assert "h2: untouched" in said
    unwell.configure(*NAMES)


def test_hosts_that_failed_are_tried_again_alone(running, hosts):
    running.configure(*NAMES, on_unreachable="skip")
    hosts[1].cut()
    try:
        said = refuse(running, "deploy")
    finally:
        hosts[1].mend()
    assert "h2: skipped: " in said
    done = running.deploy("--retry-failed")
    assert "h1 " not in done.err
    assert len(set(running.versions())) == 1
    done = running("deploy", "--retry-failed")
    assert (done.status, "no host of web failed last time" in done.err) == (2, True)


def test_node_that_will_not_stop_is_ended_by_its_service(running, hosts):
    running.change(APPLICATION, START, f"  def prep_stop(_), do: Process.sleep(:infinity)\n\n{START}")
    running.configure(*NAMES)
    running.deploy()
    pids = [item["pid"] for item in running.status().values()]
    running.configure(*NAMES, upgrade="restart")
    done = running.deploy()
    assert "did not stop in time and was ended by force" in done.err
    status = running.status().values()
    assert not set(pids) & {item["pid"] for item in status}
    wait_for(lambda: all(ask_price(host) for host in hosts), "the shop", LONG)
