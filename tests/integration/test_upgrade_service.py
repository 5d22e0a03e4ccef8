"""Upgrades of a service on a booted host: root upgrades, and the system runs as another user."""

from __future__ import annotations

import json
import re

import pytest

from tests.harness import EXAMPLES, build, copy_project, dray, run, wait_for
from tests.hosts.booted import booted

pytestmark = [pytest.mark.beam, pytest.mark.root, pytest.mark.hosts]

CONFIG = """
from dray.config import config
from dray.steps import assemble, release, tar, upgrade

config("service", port=4051, check="http://localhost:4051/greeting", restart_delay=0)
build = release("shop") | assemble() | upgrade() | tar()
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The example, built in two versions: prices differ."""
    project = copy_project(EXAMPLES / "shop_umbrella", tmp_path_factory.mktemp("served") / "shop_umbrella")
    (project / "rel/config.py").write_text(CONFIG)
    build(project)
    for path, old, new in (
        ("mix.exs", 'version: "0.1.0"', 'version: "0.2.0"'),
        ("apps/shop/lib/shop/goods.ex", "watts * 7", "watts * 8"),
    ):
        text = (project / path).read_text()
        assert old in text
        (project / path).write_text(text.replace(old, new))
    build(project)
    return project


@pytest.fixture(scope="module")
def host(project, tmp_path_factory):
    """A host that serves version 0.1.0, and has the archive of 0.2.0."""
    archives = project / "_build/prod"
    with booted(tmp_path_factory.mktemp("host"), bind={}) as host:
        shop = host.root / "opt/shop"
        shop.mkdir(parents=True)
        run("tar", "-xzf", archives / "shop-0.1.0.tar.gz", "-C", shop, cwd=shop)
        (host.root / "root/shop-0.2.0.tar.gz").write_bytes((archives / "shop-0.2.0.tar.gz").read_bytes())
        done = dray("export", "systemd", "--to", str(host.root / "var/lib/files"), cwd=project)
        assert done.status == 0, done.err
        for command in (line.strip() for line in done.err.splitlines() if line.startswith("  ")):
            typed = host.run("sh", "-c", f"cd /var/lib/files && {command}")
            assert typed.status == 0, f"{command}: {typed.err}"
        wait_until_active(host)
        yield host


def show(host, name):
    return host.run("systemctl", "show", "--value", "-p", name, "shop").out.strip()


def wait_until_active(host):
    wait_for(
        lambda: show(host, "ActiveState") == "active",
        f"the service; {host.run('journalctl', '-u', 'shop', '-n', '40', '--no-pager').out}",
        60,
    )


def shop(host, *arguments):
    """Run a command of the launcher as root."""
    return host.run("env", "RELEASE_TMP=/var/lib/shop", "/opt/shop/bin/shop", *arguments)


def price(host):
    return host.run("curl", "-fsS", "http://localhost:4051/price/lamp").out


def change(host, *arguments):
    done = shop(host, *arguments, "--json")
    assert done.out.startswith("{"), done
    return {**json.loads(done.out), "status": done.status, "err": done.err}


def test_root_upgrades_a_running_service_hot_and_it_goes_on_as_its_user(host):
    pid = show(host, "MainPID")
    assert price(host) == "a lamp costs 49 EUR, 12 left\n"
    assert host.run("curl", "-fsS", "-X", "POST", "http://localhost:4051/buy/lamp").status == 0
    done = change(host, "upgrade", "/root/shop-0.2.0.tar.gz")
    assert (done["status"], done["mode"], done["result"]) == (0, "hot", "done"), str(done)
    assert price(host) == "a lamp costs 56 EUR, 11 left\n"
    assert (show(host, "MainPID"), show(host, "ActiveState")) == (pid, "active")
    assert re.search(r"^0\.2\.0 +running, permanent", shop(host, "versions").out, re.MULTILINE)
    owners = host.run("sh", "-c", "stat -c %U /opt/shop/releases/RELEASES /opt/shop/releases/start_erl.data").out
    assert owners.split() == ["root", "root"]
    assert host.run("stat", "-c", "%U", f"/proc/{pid}").out.strip() == "shop"
    left = host.run("sh", "-c", "ls -A /var/lib/shop; ls /opt/shop/releases").out.split()
    assert not [name for name in left if name.startswith(("upgrade", "environment", "trial", "."))], left


def test_a_restart_inside_of_the_process_starts_what_it_came_back_to(host):
    done = change(host, "downgrade", "0.1.0")
    assert (done["status"], done["mode"]) == (0, "hot"), str(done)
    assert shop(host, "restart").status == 0
    wait_for(lambda: shop(host, "ready").status == 0, "the system", 30)
    assert price(host) == "a lamp costs 49 EUR, 12 left\n"
    assert change(host, "upgrade", "0.2.0")["mode"] == "hot"


def test_a_restart_inside_of_the_process_starts_the_new_version(host):
    assert shop(host, "restart").status == 0
    wait_for(lambda: shop(host, "ready").status == 0, "the system", 30)
    assert price(host) == "a lamp costs 56 EUR, 12 left\n"


def test_a_restart_is_left_to_the_service_manager(host):
    pid = show(host, "MainPID")
    done = change(host, "downgrade", "0.1.0", "--restart")
    assert (done["status"], done["mode"], done["result"]) == (0, "restart", "done"), done
    wait_until_active(host)
    assert show(host, "MainPID") != pid
    assert show(host, "NRestarts") == "1"
    assert price(host) == "a lamp costs 49 EUR, 12 left\n"


def test_many_restarts_in_a_short_time_are_no_crashes(host):
    """systemd gives a service up that it has started five times in two minutes."""
    assert (show(host, "StartLimitIntervalUSec"), show(host, "StartLimitBurst")) == ("2min", "5")
    for version in ("0.2.0", "0.1.0") * 3:
        done = change(host, "upgrade", version, "--restart")
        assert (done["status"], done["mode"], done["result"]) == (0, "restart", "done"), done
    assert price(host) == "a lamp costs 49 EUR, 12 left\n"


def test_a_service_that_systemd_does_not_start_again_is_started(host):
    drop_in = host.root / "etc/systemd/system/shop.service.d/never.conf"
    drop_in.parent.mkdir()
    drop_in.write_text("[Service]\nRestart=no\n")
    assert host.run("systemctl", "daemon-reload").status == 0
    try:
        done = change(host, "upgrade", "0.2.0", "--restart")
        assert (done["status"], done["mode"], done["result"]) == (0, "restart", "done"), done
        assert "systemd does not start shop.service again by itself: starting it" in done["err"]
        assert price(host) == "a lamp costs 56 EUR, 12 left\n"
        assert change(host, "downgrade", "0.1.0", "--restart")["result"] == "done"
    finally:
        drop_in.unlink()
        assert host.run("systemctl", "daemon-reload").status == 0


def test_a_version_that_does_not_start_gives_way_to_the_old_one(host):
    runtime = host.root / "opt/shop/releases/0.2.0/runtime.exs"
    text = runtime.read_text()
    runtime.write_text(text + '\nif System.get_env("RELEASE_COMMAND") == "start", do: raise("no luck")\n')
    try:
        done = change(host, "upgrade", "0.2.0", "--restart")
    finally:
        runtime.write_text(text)
    assert (done["status"], done["result"]) == (1, "failed"), done
    assert "0.1.0 runs again" in done["error"]
    wait_until_active(host)
    assert price(host) == "a lamp costs 49 EUR, 12 left\n"


def test_the_permanent_version_is_started_after_a_reboot(host):
    assert change(host, "upgrade", "0.2.0", "--hot")["status"] == 0
    host.reboot()
    wait_until_active(host)
    assert price(host) == "a lamp costs 56 EUR, 12 left\n"
    assert re.search(r"^0\.2\.0 +running, permanent", shop(host, "versions").out, re.MULTILINE)
