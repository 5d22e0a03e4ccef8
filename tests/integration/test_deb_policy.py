"""What a package does where an upgrade cannot be done as wanted: it is refused, or given up and reported."""

from __future__ import annotations

import pytest

from tests.hosts.booted import booted
from tests.shop_packages import PRICES, ShopHost, build_debs

pytestmark = [pytest.mark.beam, pytest.mark.root, pytest.mark.hosts]

RAISES = '\nif System.get_env("RELEASE_COMMAND") == "start", do: raise("no luck")\n'


@pytest.fixture(scope="module")
def debs(tmp_path_factory):
    """The packages, and three more: 0.4.0 does not start, 0.5.0 is for hot upgrades only, 0.6.0 changes by hand."""
    debs = build_debs(tmp_path_factory.mktemp("debs"))
    runtime = debs.project / "config/runtime.exs"
    text = runtime.read_text()
    runtime.write_text(text + RAISES)
    debs.change("0.4.0")
    runtime.write_text(text)
    debs.configure(upgrade="", policy="hot-only")
    debs.change("0.5.0")
    debs.configure(upgrade='| upgrade("_build/prod/shop-0.1.0.tar.gz")', policy="manual")
    debs.change("0.6.0", ("apps/shop/lib/shop/goods.ex", "watts * 9", "watts * 10"))
    return debs


@pytest.fixture(scope="module")
def host(debs, tmp_path_factory):
    with booted(tmp_path_factory.mktemp("host"), bind={debs.folder: "/mnt"}) as host:
        (host.root / "usr/sbin/policy-rc.d").unlink(missing_ok=True)
        yield ShopHost(host)


@pytest.fixture
def installed(host):
    """The host with 0.1.0, freshly installed."""
    host.dpkg("-P", "shop")
    assert host.install("0.1.0").status == 0
    host.wait_until_active()
    return host


def test_a_version_that_does_not_start_gives_way_and_the_package_says_so(installed):
    done = installed.install("0.4.0")
    assert done.status == 1
    assert "another content, but the same version, have: shop-0.1.0" in done.out
    assert "shop: 0.4.0 does not start; 0.1.0 runs again" in done.err
    assert "shop: 0.4.0 is installed and does not run" in done.err
    installed.wait_until_active()
    assert (installed.price(), installed.state()) == (PRICES["0.1.0"], "iF 0.4.0-1")
    installed.host.reboot()
    installed.wait_until_active()
    assert installed.price() == PRICES["0.1.0"]
    assert installed.install("0.2.0").status == 0
    assert (installed.price(), installed.state()) == (PRICES["0.2.0"], "ii 0.2.0-1")


def test_a_package_for_hot_upgrades_only_refuses_a_restart_before_anything_has_changed(installed):
    pid = installed.show("MainPID")
    done = installed.install("0.5.0")
    assert done.status == 1
    assert "0.1.0 cannot become 0.5.0 without a restart" in done.err
    assert (installed.state(), installed.show("MainPID")) == ("ii 0.1.0-1", pid)
    assert installed.price() == PRICES["0.1.0"]
    assert not installed.exists("usr/lib/shop/releases/0.5.0")
    assert installed.host.run("systemctl", "stop", "shop").status == 0
    assert installed.install("0.5.0").status == 0
    assert installed.host.run("systemctl", "start", "shop").status == 0
    assert installed.price() == PRICES["0.3.0"]


def test_a_package_that_is_changed_over_by_hand_leaves_the_running_system_alone(installed):
    pid = installed.show("MainPID")
    done = installed.install("0.6.0")
    assert (done.status, "change over with: shop upgrade 0.6.0" in done.out) == (0, True), done
    assert (installed.price(), installed.show("MainPID")) == (PRICES["0.1.0"], pid)
    installed.host.reboot()
    installed.wait_until_active()
    assert installed.price() == PRICES["0.1.0"]
    assert installed.shop("upgrade", "0.6.0", "--hot").status == 0
    assert installed.price() == 70


def test_a_service_that_had_failed_is_started_with_the_new_version(installed):
    installed.host.run("systemctl", "kill", "--signal=KILL", "shop")
    installed.host.run("systemctl", "stop", "shop")
    assert installed.install("0.2.0").status == 0
    assert installed.host.run("systemctl", "start", "shop").status == 0
    assert installed.price() == PRICES["0.2.0"]


def test_the_package_of_the_version_that_runs_again_ends_what_another_one_left(installed):
    assert installed.install("0.4.0").status == 1
    assert installed.shop("rpc", 'IO.write(System.get_env("RELEASE_ROOT"))').out == "/usr/lib/shop/.kept"
    assert installed.install("0.1.0").status == 0
    installed.wait_until_active()
    assert installed.state() == "ii 0.1.0-1"
    assert installed.shop("rpc", 'IO.write(System.get_env("RELEASE_ROOT"))').out == "/usr/lib/shop"
    assert not installed.exists("usr/lib/shop/.kept")
