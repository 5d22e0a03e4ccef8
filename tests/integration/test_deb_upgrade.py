"""A package on a booted host: installed, upgraded, taken back, removed and purged, and interrupted at each moment."""

from __future__ import annotations

import re
import time

import pytest

from tests.hosts.booted import booted
from tests.shop_packages import PORT, PRICES, Customer, ShopHost, build_debs

pytestmark = [pytest.mark.beam, pytest.mark.root, pytest.mark.hosts]

ROOT = "usr/lib/shop"


@pytest.fixture(scope="module")
def debs(tmp_path_factory):
    return build_debs(tmp_path_factory.mktemp("debs"))


@pytest.fixture(scope="module")
def shop(debs, tmp_path_factory):
    """A host that sees the packages, and lets packages start services."""
    with booted(tmp_path_factory.mktemp("host"), bind={debs.folder: "/mnt"}) as host:
        (host.root / "usr/sbin/policy-rc.d").unlink(missing_ok=True)
        yield ShopHost(host)


@pytest.fixture
def installed(shop):
    """The host with 0.1.0, freshly installed."""
    shop.dpkg("-P", "shop")
    done = shop.install("0.1.0")
    assert done.status == 0, done
    shop.wait_until_active()
    return shop


def assert_runs(shop, version):
    shop.wait_until_active()
    assert shop.price() == PRICES[version]
    assert re.search(rf"^{re.escape(version)} +running, permanent", shop.shop("versions").out, re.MULTILINE)
    left = [name for name in (".kept", ".kept.new", ".kept.done", ".replaced") if shop.exists(f"{ROOT}/{name}")]
    assert left == []


def test_an_installed_package_runs_as_a_service_of_its_own_user(installed):
    assert installed.state() == "ii 0.1.0-1"
    assert_runs(installed, "0.1.0")
    pid = installed.show("MainPID")
    assert installed.host.run("stat", "-c", "%U", f"/proc/{pid}").out.strip() == "shop"
    assert installed.host.run("systemctl", "is-enabled", "shop").out.strip() == "enabled"
    owners = installed.host.run("find", "/usr/lib/shop", "!", "-user", "root").out
    assert owners == ""
    assert installed.host.run("dpkg", "--verify", "shop").out == ""


def test_a_new_version_takes_over_without_a_restart_and_without_a_failed_request(installed):
    pid = installed.show("MainPID")
    with Customer(installed) as customer:
        done = installed.install("0.2.0")
    assert done.status == 0, done
    assert f"shop: shop 0.1.0 -> 0.2.0, in the running system (pid {pid})" in done.out
    assert (customer.failed, customer.asked > 20) == ([], True)
    assert (installed.state(), installed.show("MainPID")) == ("ii 0.2.0-1", pid)
    assert_runs(installed, "0.2.0")
    assert "0.1.0 -> 0.2.0, in the running system" in installed.journal()


def test_an_older_package_takes_the_system_back_without_a_restart(installed):
    pid = installed.show("MainPID")
    for version in ("0.2.0", "0.1.0", "0.2.0"):
        assert installed.install(version).status == 0
        assert_runs(installed, version)
    assert installed.show("MainPID") == pid


def test_the_version_before_stays_and_older_ones_go(installed):
    assert installed.install("0.2.0").status == 0
    assert installed.install("0.3.0").status == 0
    assert [line.split()[0] for line in installed.shop("versions").out.splitlines()] == ["0.2.0", "0.3.0"]
    assert installed.shop("downgrade", "0.2.0").status == 0
    assert_runs(installed, "0.2.0")


def test_a_version_without_an_upgrade_restarts_the_service_and_says_why(installed):
    pid = installed.show("MainPID")
    done = installed.install("0.3.0")
    assert done.status == 0, done
    assert "0.1.0 -> 0.3.0 needs a restart: another content, but the same version, have: shop-0.1.0" in done.out
    assert_runs(installed, "0.3.0")
    assert installed.show("MainPID") != pid


def test_the_same_package_again_changes_nothing(installed):
    pid = installed.show("MainPID")
    assert installed.install("0.1.0").status == 0
    assert_runs(installed, "0.1.0")
    assert installed.show("MainPID") == pid


def test_a_service_that_was_stopped_stays_so_and_starts_with_the_new_version(installed):
    assert installed.host.run("systemctl", "stop", "shop").status == 0
    assert installed.install("0.2.0").status == 0
    assert installed.show("ActiveState") == "inactive"
    assert installed.host.run("systemctl", "start", "shop").status == 0
    assert_runs(installed, "0.2.0")


def test_a_removed_package_leaves_its_settings_and_its_state(installed):
    assert installed.install("0.2.0").status == 0
    (installed.host.root / "etc/shop/environment").write_text("SHOP_GREETING=hello\n")
    done = installed.dpkg("-r", "shop")
    assert (done.status, done.err) == (0, ""), done
    assert not installed.exists(ROOT)
    assert installed.exists("var/lib/shop/COOKIE")
    assert installed.host.run("systemctl", "is-active", "shop").out.strip() in {"inactive", "unknown"}
    assert installed.install("0.1.0").status == 0
    assert_runs(installed, "0.1.0")
    assert "SHOP_GREETING" in (installed.host.root / "etc/shop/environment").read_text()


def test_a_purged_package_leaves_nothing_but_its_user(installed):
    assert installed.install("0.2.0").status == 0
    done = installed.dpkg("-P", "shop")
    assert (done.status, done.err) == (0, ""), done
    for path in (
        ROOT,
        "var/lib/shop",
        "var/log/shop",
        "etc/shop",
        "usr/bin/shop",
        "etc/needrestart/conf.d/shop.conf",
    ):
        assert not installed.exists(path), path
    units = installed.host.run("sh", "-c", "find /etc/systemd /usr/lib/systemd /var/lib/systemd -name 'shop*'").out
    assert units == ""
    assert installed.host.run("getent", "passwd", "shop").status == 0


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(f"{ROOT}/.kept.new", id="while the old version is kept"),
        pytest.param(f"{ROOT}/.kept", id="before it unpacks"),
        pytest.param(f"{ROOT}/releases/0.2.0", id="while it unpacks"),
        pytest.param(f"{ROOT}/.kept.done", id="while it configures"),
    ],
)
def test_an_installation_that_is_killed_leaves_a_version_that_runs_and_can_be_repeated(installed, moment):
    path = installed.host.root / moment
    started = installed.host.run("sh", "-c", "dpkg -i /mnt/shop_0.2.0-1_amd64.deb >/dev/null 2>&1 &")
    assert started.status == 0
    limit = time.monotonic() + 30
    while not path.exists():  # without a pause: some moments are short
        assert time.monotonic() < limit, f"{moment} was not seen"
    installed.host.pull_the_plug()
    installed.host.boot()
    installed.wait_until_active()
    assert installed.price() in {PRICES["0.1.0"], PRICES["0.2.0"]}
    installed.dpkg("--configure", "-a")
    installed.wait_until_active()
    assert installed.price() in {PRICES["0.1.0"], PRICES["0.2.0"]}
    done = installed.install("0.2.0")
    assert done.status == 0, done
    assert_runs(installed, "0.2.0")


def test_the_old_version_starts_as_long_as_the_new_one_is_not_configured(installed):
    assert installed.dpkg("--unpack", "/mnt/shop_0.2.0-1_amd64.deb").status == 0
    assert not installed.exists(f"{ROOT}/releases/0.1.0")
    installed.host.reboot()
    installed.wait_until_active()
    assert installed.price() == PRICES["0.1.0"]
    done = installed.dpkg("--configure", "-a")
    assert done.status == 0, done
    assert "the system was started from /usr/lib/shop/.kept" in done.out
    assert_runs(installed, "0.2.0")


def test_a_full_disk_leaves_the_old_version_running(shop):
    shop.dpkg("-P", "shop")
    shop.host.run("mkdir", "-p", "/usr/lib/shop")
    assert shop.host.run("mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", "/usr/lib/shop").status == 0
    try:
        assert shop.install("0.1.0").status == 0
        shop.wait_until_active()
        pid = shop.show("MainPID")
        shop.host.run("sh", "-c", "dd if=/dev/zero of=/usr/lib/shop/ballast bs=1k count=100000 2>/dev/null")
        done = shop.install("0.2.0")
        assert done.status != 0
        assert "No space left on device" in done.err
        shop.host.run("rm", "/usr/lib/shop/ballast")
        assert (shop.price(), shop.show("MainPID")) == (PRICES["0.1.0"], pid)
        assert shop.install("0.2.0").status == 0
        assert_runs(shop, "0.2.0")
    finally:
        shop.dpkg("-P", "shop")
        shop.host.run("umount", "-l", "/usr/lib/shop")


def test_a_host_that_lets_no_service_be_touched_keeps_its_version_and_is_told_how_to_go_on(installed):
    policy = installed.host.root / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    try:
        done = installed.install("0.2.0")
    finally:
        policy.unlink()
    assert (done.status, "change over with: shop upgrade 0.2.0" in done.out) == (0, True), done
    assert installed.price() == PRICES["0.1.0"]
    assert installed.shop("upgrade", "0.2.0").status == 0
    assert_runs(installed, "0.2.0")
    assert PORT
