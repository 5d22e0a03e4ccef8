"""A package whose service runs in two copies: both are started, upgraded one after the other, and stopped."""

from __future__ import annotations

import pytest

from tests.harness import EXAMPLES, build, copy_project, wait_for
from tests.hosts.booted import booted
from tests.shop_packages import Debs, ShopHost

pytestmark = [pytest.mark.beam, pytest.mark.root, pytest.mark.hosts]

CONFIG = """
from dray.config import config
from dray.steps import assemble, deb, release, tar, upgrade

config("service", port=4054, instances=2, restart_delay=0)
config("deb", maintainer="Ann Shop <ann@shop.example>", compression="gzip", level=1)
build = release("shop") | assemble() | upgrade(env={"RELEASE_NODE": "asked"}) | tar() | deb()
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("instances")
    debs = Debs(copy_project(EXAMPLES / "shop_umbrella", folder / "shop_umbrella"))
    (debs.project / "rel/config.py").write_text(CONFIG)
    build(debs.project)
    debs.change("0.2.0", ("apps/shop/lib/shop/goods.ex", "watts * 7", "watts * 8"))
    with booted(tmp_path_factory.mktemp("host"), bind={debs.folder: "/mnt"}) as host:
        (host.root / "usr/sbin/policy-rc.d").unlink(missing_ok=True)
        yield ShopHost(host)


def prices(shop):
    asked = [shop.host.run("curl", "-fsS", f"http://localhost:{port}/price/lamp").out for port in (4054, 4055)]
    return [int(answer.split()[3]) if answer else None for answer in asked]


def pids(shop):
    show = ("systemctl", "show", "--value", "-p", "MainPID")
    return [shop.host.run(*show, f"shop@{number}").out.strip() for number in (1, 2)]


def test_both_copies_follow_the_package(shop):
    done = shop.install("0.1.0")
    assert done.status == 0, done
    wait_for(lambda: prices(shop) == [49, 49], f"both copies; {shop.host.run('journalctl', '-n', '60').out}", 60)
    before = pids(shop)
    done = shop.install("0.2.0")
    assert done.status == 0, done
    assert done.out.count("shop 0.1.0 -> 0.2.0, in the running system") == 2
    assert (prices(shop), pids(shop)) == ([56, 56], before)
    for instance in ("1", "2"):
        said = shop.host.run("env", f"RELEASE_INSTANCE={instance}", "shop", "status").out
        assert said.startswith(f"shop 0.2.0 is running: pid {before[int(instance) - 1]}, node shop-{instance}"), said
    shop.host.reboot()
    wait_for(lambda: prices(shop) == [56, 56], "both copies after a reboot", 60)
    done = shop.dpkg("-P", "shop")
    assert (done.status, done.err) == (0, ""), done
    assert prices(shop) == [None, None]
