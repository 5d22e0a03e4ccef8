"""What a deployment costs by each of dray's routes: ``ssh()``, ``ansible()``, and packages that hosts fetch by apt.

``python -m benchmarks.routes [HOSTS]`` prints the table that ``docs/ansible.md`` shows. Hosts are booted for each
route, and take the example: for the first time, with a changed module (which they follow hot), and once more the
same. It needs what ``benchmarks.deployments`` needs, and Ansible beside this Python.
"""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.hosts.file_server import served
from tests.hosts.fleet import fleet
from tests.hosts.inventory import write_inventory

from benchmarks.measure import Program, environment
from benchmarks.projects import DRAY, EXAMPLE, Side
from benchmarks.report import describe_machine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.hosts.fleet import Fleet, FleetHost

_HOSTS = 4
_CONFIG = """\
from dray.config import config
from dray.steps import ansible, apt, assemble, deb, release, ssh, upgrade

config("service", port=4040, restart_delay=0)
config("fleet", "web", hosts={hosts}, ssh_config={ssh_config!r})
config("deb", maintainer="Ann <ann@shop.example>")
build = release("shop") | assemble()
by_ssh = build | ssh("web")
by_ansible = build | ansible(inventory="inventory.ini")
by_fetching = build | ansible(inventory="inventory.ini", store="../store", store_url={store_url!r})
by_apt = build | upgrade() | deb() | apt(repository="../apt")
"""
_SOURCE = "deb [trusted=yes] {url}/apt stable main\n"
_FETCH = (
    "apt-get -qq -o Dir::Etc::sourcelist=/etc/apt/sources.list.d/shop.list -o Dir::Etc::sourceparts=- {} "
    ">/var/log/fetched 2>&1"
)


@dataclass(frozen=True)
class Cost:
    """What a deployment to some hosts has taken.

    Args:
        route: By which way.
        work: What was deployed.
        sent: The bytes that went to each host.
        cpu: The seconds of the processor for each host, where dray runs.
        seconds: The seconds until all hosts had it, after the build.
    """

    route: str
    work: str
    sent: float
    cpu: float
    seconds: float


@dataclass(frozen=True)
class _Site:
    """The project and its hosts.

    Args:
        side: The project.
        hosts: The hosts.
        url: Where they fetch the folder that the project is in.
    """

    side: Side
    hosts: Fleet
    url: str

    def dray(self, *arguments: str) -> Program:
        """Return a command of dray, which finds Ansible, and a key where ``dray apt init`` has put it."""
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        env = {"PATH": path, "HOME": str(self.side.root.parent), "ANSIBLE_NOCOLOR": "1"}
        return Program((DRAY, *arguments), self.side.root, env)

    def run(self, *arguments: str) -> tuple[dict[str, float], float]:
        """Type a command of dray; return the seconds of each step, and those of the processor."""
        program = self.dray(*arguments, "--json")
        with tempfile.TemporaryFile() as out:
            env = environment(program.env)
            process = subprocess.Popen(program.argv, cwd=program.cwd, env=env, stdout=out)
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode != 0:
                raise RuntimeError(f"dray {' '.join(arguments)} ended with {process.returncode}")
            out.seek(0)
            steps = json.loads(out.read())["steps"]
        return {step["name"]: step["seconds"] for step in steps}, used.ru_utime + used.ru_stime

    def measure(self, route: str, work: str, deploy: Callable[[], tuple[float, float]]) -> Cost:
        """Return what a deployment costs, which tells its seconds and those of the processor."""
        before = self.hosts.sent_bytes()
        seconds, cpu = deploy()
        return Cost(route, work, (self.hosts.sent_bytes() - before) / len(self.hosts), cpu / len(self.hosts), seconds)


def measure_routes(place: Path, hosts: int) -> Iterator[Cost]:
    """Measure each route.

    Args:
        place: A folder for the project and the hosts.
        hosts: How many hosts.
    """
    side = Side("example", place / "shop_umbrella")
    shutil.copytree(EXAMPLE, side.root, ignore=shutil.ignore_patterns("_build"))
    for route, deploy in (
        ("ssh()", lambda site: _by_step(site, "by_ssh", "ssh")),
        ("ansible(), hosts are sent what they lack", lambda site: _by_step(site, "by_ansible", "ansible")),
        ("ansible(), hosts fetch from store_url", lambda site: _by_step(site, "by_fetching", "ansible")),
        ("apt(), hosts fetch packages", _by_apt),
    ):
        folder = place / "hosts"
        folder.mkdir(exist_ok=True)
        with fleet(folder, hosts) as running, served(place) as port:
            site = _Site(side, running, f"http://{running[0].wire.network.gateway}:{port}")
            _configure(site)
            if route == "ssh()":
                site.dray("setup", "--fleet", "web").run()
            for work in ("the first deployment", "one module changed", "nothing changed"):
                if work == "one module changed":
                    _change(side)
                site.dray("build", "--quiet").run()
                yield site.measure(route, work, functools.partial(deploy, site))


def _configure(site: _Site) -> None:
    names, ssh_config = [host.name for host in site.hosts], str(site.hosts.ssh_config)
    text = _CONFIG.format(hosts=names, ssh_config=ssh_config, store_url=f"{site.url}/store")
    (site.side.root / "rel/config.py").write_text(text)
    write_inventory(site.side.root, site.hosts, user="root")


def _change(side: Side) -> None:
    """Change a module, and make it another version, as packages need it."""
    side.change_a_module()
    mix = side.root / "mix.exs"
    text = mix.read_text()
    old = re.search(r'version: "0\.(\d+)\.0"', text)
    if old is None:
        raise RuntimeError(f"{mix} has no version that can be raised")
    mix.write_text(text.replace(old[0], f'version: "0.{int(old[1]) + 1}.0"'))


def _by_step(site: _Site, pipeline: str, step: str) -> tuple[float, float]:
    steps, cpu = site.run("run", pipeline)
    return steps[step], cpu


def _by_apt(site: _Site) -> tuple[float, float]:
    """Publish a package, and let all hosts fetch it at once."""
    if not (site.side.root.parent / "apt").exists():
        site.dray("apt", "init", "shop", "--to", "../apt").run()
    steps, cpu = site.run("run", "by_apt")
    started = time.perf_counter()
    fetching = [threading.Thread(target=_fetch, args=(host, site.url)) for host in site.hosts]
    for thread in fetching:
        thread.start()
    for thread in fetching:
        thread.join()
    return steps["deb"] + steps["apt"] + time.perf_counter() - started, cpu


def _fetch(host: FleetHost, url: str) -> None:
    (host.root / "usr/sbin/policy-rc.d").unlink(missing_ok=True)
    (host.root / "etc/apt/sources.list.d/shop.list").write_text(_SOURCE.format(url=url))
    commands = " && ".join(_FETCH.format(words) for words in ("update", "install --yes shop"))
    done = host.run("sh", "-c", f"export DEBIAN_FRONTEND=noninteractive; {commands} || cat /var/log/fetched")
    if done.out:
        raise RuntimeError(f"{host.name} did not get the package:\n{done.out}")


def format_costs(costs: list[Cost]) -> str:
    """Return the table."""
    lines = [
        "| | | bytes per host | seconds of CPU per host where you deploy | seconds for all |",
        "|---|---|---|---|---|",
    ]
    for cost in costs:
        size = f"{cost.sent / 1e6:.1f} MB" if cost.sent >= 1e6 else f"{cost.sent / 1e3:.0f} kB"
        lines.append(f"| {cost.route} | {cost.work} | {size} | {cost.cpu:.2f} | {cost.seconds:.1f} |")
    return "\n".join(lines)


def main(hosts: int) -> None:
    """Measure, and print the table."""
    with tempfile.TemporaryDirectory(prefix="dray-routes-") as folder:
        costs = list(measure_routes(Path(folder), hosts))
    print(f"{describe_machine()} {hosts} hosts on the same machine.\n\n{format_costs(costs)}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else _HOSTS)
