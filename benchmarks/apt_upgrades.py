"""What is measured of an upgrade by apt-get on a booted host: how long customers wait while the system changes."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from tests.hosts.booted import booted

from benchmarks.measure import Program
from benchmarks.projects import DRAY, EXAMPLE
from benchmarks.report import Row

if TYPE_CHECKING:
    from tests.hosts.booted import BootedHost

_CONFIG = """\
from dray.config import config
from dray.steps import apt, assemble, deb, release, tar, upgrade

config("service", port=4040, check="http://localhost:4040/greeting")
config("deb", maintainer="Ann <ann@shop.example>")
deploy = release("shop") | assemble() | upgrade() | tar() | deb() | apt(repository="../apt")
"""
_CUSTOMER = """\
import http.client, json, os, time
longest, asked, failed = 0.0, 0, 0
while os.path.exists("/run/open"):
    started = time.perf_counter()
    try:
        connection = http.client.HTTPConnection("127.0.0.1", 4040, timeout=10)
        connection.request("GET", "/price/lamp")
        failed += connection.getresponse().status != 200
        connection.close()
    except (OSError, http.client.HTTPException):
        failed += 1
    longest, asked = max(longest, time.perf_counter() - started), asked + 1
print(json.dumps([longest, asked, failed]))
"""
_SOURCE = "deb [trusted=yes] file:/srv/apt stable main\n"  # what is measured is not how it is fetched
_ROUNDS = 5


def measure_apt_upgrades() -> list[Row]:
    """Upgrade and downgrade the example by apt-get while a customer asks; nothing where no host can be booted."""
    if os.geteuid() != 0 or not shutil.which("systemd-nspawn"):
        return []
    with tempfile.TemporaryDirectory(prefix="dray-bench-") as folder:
        place = Path(folder)
        _publish_two_versions(place)
        (place / "host").mkdir()
        with booted(place / "host", bind={place / "apt": "/srv/apt"}) as host:
            longest, asked, failed = _upgrade_under_load(host)
    work = f"apt-get install of a hot upgrade, longest answer to {asked} requests meanwhile, {failed} failed"
    return [Row(work, "example", longest * 1e3, None, "", 50 if failed == 0 else 0)]


def _publish_two_versions(place: Path) -> None:
    project = place / "shop_umbrella"
    shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns("_build"))
    (project / "rel/config.py").write_text(_CONFIG)
    env = {"HOME": str(place)}
    Program((DRAY, "apt", "init", "shop", "--to", "../apt"), project, env).run()
    Program((DRAY, "deploy", "--quiet"), project, env).run()
    mix = project / "mix.exs"
    mix.write_text(mix.read_text().replace('version: "0.1.0"', 'version: "0.2.0"'))
    goods = project / "apps/shop/lib/shop/goods.ex"
    goods.write_text(goods.read_text().replace("watts * 7", "watts * 8"))
    Program((DRAY, "deploy", "--quiet"), project, env).run()


def _upgrade_under_load(host: BootedHost) -> tuple[float, int, int]:
    (host.root / "usr/sbin/policy-rc.d").unlink(missing_ok=True)
    (host.root / "etc/apt/sources.list.d/shop.list").write_text(_SOURCE)
    (host.root / "root/customer.py").write_text(_CUSTOMER)
    only = "-o Dir::Etc::sourcelist=/etc/apt/sources.list.d/shop.list -o Dir::Etc::sourceparts=-"
    _must(host, f"apt-get -qq {only} update && touch /run/open")
    _must(host, f"apt-get -qq {only} install --yes shop=0.1.0-1")
    said: list[str] = []
    customer = threading.Thread(target=lambda: said.append(host.run("python3", "/root/customer.py").out))
    customer.start()
    for version in ("0.2.0", "0.1.0") * _ROUNDS:
        _must(host, f"apt-get -qq {only} install --yes --allow-downgrades shop={version}-1")
    _must(host, "rm -f /run/open")
    customer.join()
    longest, asked, failed = json.loads(said[0])
    return longest, asked, failed


def _must(host: BootedHost, command: str) -> None:
    done = host.run("sh", "-c", f"export DEBIAN_FRONTEND=noninteractive; {command}")
    if done.status != 0:
        raise RuntimeError(f"{command} ended with {done.status}:\n{done.out}{done.err}")
