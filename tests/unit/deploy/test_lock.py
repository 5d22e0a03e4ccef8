"""A host has one deployment at a time: who gets its lock, who waits for it, and who is refused."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from dray.errors import RemoteError


def test_lock_of_another_deployment_is_respected_and_left_alone(hosts, releases):
    lock = hosts["web3"].root / ".dray/lock"
    lock.mkdir()
    (lock / "owner").write_text("bob@desk deploys shop since 12:00\n")
    (lock / "boot").write_text(Path("/proc/sys/kernel/random/boot_id").read_text())
    (lock / "holder").write_text(f"{os.getpid()}\n")
    (lock / "heard").touch()
    with pytest.raises(RemoteError, match="web3 is being deployed to: bob@desk deploys shop since 12:00"):
        hosts.deploy(releases("0.1.0"))
    assert lock.exists()
    assert not (hosts["web1"].root / ".dray/lock").exists()


def test_lock_of_a_deployment_that_is_gone_is_taken_over(hosts, releases):
    lock = hosts["web1"].root / ".dray/lock"
    lock.mkdir()
    (lock / "owner").write_text("bob@desk\n")
    (lock / "boot").write_text(Path("/proc/sys/kernel/random/boot_id").read_text())
    (lock / "holder").write_text("4194305\n")
    (lock / "heard").touch()
    assert hosts.deploy(releases("0.1.0")).is_good
    assert not lock.exists()


@contextlib.contextmanager
def held(host, *, by="bob", boot=None):
    """Let a process hold the lock of a host; it would wait for more than a minute."""
    lock = host.root / ".dray/lock"
    lock.mkdir()
    (lock / "owner").write_text("bob@desk deploys shop since 12:00\n")
    (lock / "by").write_text(f"{by}\n")
    (lock / "boot").write_text(boot or Path("/proc/sys/kernel/random/boot_id").read_text())
    (lock / "heard").touch()
    with subprocess.Popen(("sleep", "90")) as holder:
        (lock / "holder").write_text(f"{holder.pid}\n")
        yield holder
        holder.kill()


def test_lock_from_before_the_host_was_booted_is_nobodys(hosts, releases):
    with held(hosts["web1"], boot="another") as holder:
        assert hosts.deploy(releases("0.1.0")).is_good
        assert holder.poll() is None


def test_lock_that_a_lost_connection_has_left_is_given_to_who_had_it(hosts, releases):
    with held(hosts["web1"], by="ann") as holder:
        with pytest.raises(RemoteError, match="web1 is being deployed to: bob@desk"):
            hosts.deploy(releases("0.1.0"), owner="carl")
        assert holder.poll() is None
        assert hosts.deploy(releases("0.1.0"), owner="ann").is_good
        assert holder.wait(60) == -signal.SIGKILL


def test_lock_is_got_where_somebody_who_took_it_has_died(hosts, releases):
    for left in ("locking", "lock"):
        folder = hosts["web1"].root / ".dray" / left
        folder.mkdir()
        os.utime(folder, (0, 0))
    assert hosts.deploy(releases("0.1.0")).is_good
    assert not list((hosts["web1"].root / ".dray").glob("lock*"))


@contextlib.contextmanager
def given_back(lock, seconds=1.0):
    """Let somebody who holds a lock give it back after a moment."""
    timer = threading.Timer(seconds, shutil.rmtree, (lock,))
    timer.start()
    yield
    timer.join()


def test_lock_that_somebody_is_just_taking_is_waited_for(hosts, releases):
    lock = hosts["web1"].root / ".dray/lock"
    lock.mkdir()
    with given_back(lock):
        assert hosts.deploy(releases("0.1.0")).is_good


def test_of_two_who_begin_at_once_the_one_with_the_first_host_waits_for_the_others(hosts, releases):
    with held(hosts["web2"]), given_back(hosts["web2"].root / ".dray/lock", 0.5):
        assert hosts.deploy(releases("0.1.0")).is_good
    with held(hosts["web1"]), pytest.raises(RemoteError, match="web1 is being deployed to"):
        hosts.deploy(releases("0.2.0"))
