"""What is measured of deployments: bringing a tree to many hosts, near and far, the first time and again.

``python -m benchmarks.deployments [RUNS]`` measures this alone. It needs root, systemd-nspawn, sshd and rsync.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from tests.hosts.fleet import fleet
from tests.hosts.relay import relayed

from benchmarks.deployers import ANSIBLE, PYINFRA, RSYNC, TAR, Deployer, Site, make_deployers
from benchmarks.dray_deployer import make_dray, write_deployment
from benchmarks.measure import peak_memory, take_turns
from benchmarks.projects import Side, make_side
from benchmarks.report import Row

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ASKING = """\
from dray.config import config
from dray.steps import assemble, release, ssh

config("fleet", "many", hosts=[{hosts}], ssh_config="{config}")
config("service", root="/srv/dray")
deploy = release("shop") | assemble() | ssh("many")
"""
_UNIT = "[Service]\nExecStart=/bin/sleep infinity\n"
_LARGE = '"shop", strip_beams=False'  # with what a debugger needs, all of OTP is 60 MB
_versions = itertools.count(1)


@dataclass(frozen=True)
class Case:
    """A situation in which one deploys.

    Args:
        title: What the table calls it.
        project: ``example`` or ``large``.
        hosts: How many hosts.
        delay_ms: The round trip to them; 0 for hosts in the same room.
        is_first: Whether the hosts have no version yet.
    """

    title: str
    project: str
    hosts: int
    delay_ms: float = 0
    is_first: bool = False


CASES = (
    Case("redeploy, one module changed", "example", 4),
    Case("redeploy, one module changed", "large", 4),
    Case("first deployment", "example", 4, is_first=True),
    Case("first deployment", "large", 4, is_first=True),
    Case("redeploy, one module changed", "example", 20),
    Case("redeploy, one module changed, 40 ms away", "example", 4, delay_ms=40),
)


@dataclass(frozen=True)
class Figure:
    """What one way to deploy takes in one case.

    Args:
        name: Which way.
        seconds: The median.
        best: The best, which a busy machine disturbs least.
        sent: The median of the megabytes that went to all hosts together.
    """

    name: str
    seconds: float
    best: float
    sent: float


@dataclass
class _Turns:
    """One way to deploy, which takes turns with others.

    Args:
        deployer: The way.
        site: The hosts.
        tree: What is deployed.
        is_first: Whether the hosts forget what they have before each deployment.
        taken: The seconds of each deployment, the first of which does not count.
        sent: The megabytes of each.
    """

    deployer: Deployer
    site: Site
    tree: Path
    is_first: bool
    taken: list[float] = field(default_factory=list)
    sent: list[float] = field(default_factory=list)

    def deploy(self) -> float:
        """Deploy the next version, see that it is there, and forget the one before."""
        version = str(next(_versions))
        if self.is_first:
            self._clear("")
        before = self.site.hosts.sent_bytes()
        seconds = self.deployer.deploy(self.site, self.tree, version)
        self.taken.append(seconds)
        self.sent.append((self.site.hosts.sent_bytes() - before) / 1e6)
        for place in self._places():
            self.deployer.check(self.tree, place)
        self._clear(version)
        return seconds

    def prepare(self) -> None:
        """Give every host a service, and a folder for the versions."""
        name = self.deployer.folder
        for host, place in zip(self.site.hosts, self._places(), strict=True):
            self.deployer.prepare(place)
            (host.root / f"etc/systemd/system/{name}.service").write_text(_UNIT)

    def figure(self) -> Figure:
        """Return what the deployments took."""
        taken, sent = self.taken[1:], self.sent[1:]
        return Figure(self.deployer.name, median(taken), min(taken), median(sent))

    def _clear(self, version: str) -> None:
        for place in self._places():
            self.deployer.clear(place, version)

    def _places(self) -> list[Path]:
        return [host.root / "srv" / self.deployer.folder for host in self.site.hosts]


def measure_case(place: Path, case: Case, deployers: Sequence[Deployer], runs: int) -> list[Figure]:
    """Measure ways to deploy in one case, in turns.

    Args:
        place: A folder for the project and the hosts.
        case: The situation.
        deployers: The ways.
        runs: How often each is done, after one round that does not count.
    """
    with _deployed_to(place, case) as site:
        side = _build(place, case.project)
        tree = side.root / "_build/prod/rel/shop"
        ways = [_Turns(deployer, site, tree, case.is_first) for deployer in deployers]
        for way in ways:
            way.prepare()

        def change() -> None:
            side.change_a_module()
            side.dray("build", "--quiet").run()

        take_turns([way.deploy for way in ways], runs=runs, before=change)
        return [way.figure() for way in ways]


@contextlib.contextmanager
def _deployed_to(place: Path, case: Case) -> Iterator[Site]:
    """Boot the hosts of a case while the block lasts."""
    folder, work = place / "hosts", place / "work"
    folder.mkdir(exist_ok=True)
    work.mkdir(exist_ok=True)
    with fleet(folder, case.hosts) as hosts:
        away = relayed(hosts, delay_ms=case.delay_ms) if case.delay_ms else contextlib.nullcontext(hosts.ssh_config)
        with away as ssh_config:
            yield Site(hosts, ssh_config, work)


def _build(place: Path, name: str) -> Side:
    root = place / f"{name}-deployed"
    if root.exists():
        return Side(name, root)
    side = make_side(place, name, "deployed")
    if name == "large":
        config = side.root / "rel/config.py"
        config.write_text(config.read_text().replace('release("shop")', f"release({_LARGE})"))
    side.dray("build", "--quiet").run()
    return side


GOALS = {
    (0, RSYNC): 1.5,
    (0, PYINFRA): 2.5,
    (0, ANSIBLE): 6,
    (3, TAR): 1,
    (4, RSYNC): 2,
    (4, ANSIBLE): 12,
    (5, RSYNC): 1,
    (5, PYINFRA): 1,
    (5, ANSIBLE): 1,
}
"""The least ratio to a peer, by the number of the case."""


def measure_deployments(place: Path, runs: int) -> list[Row]:
    """Measure deployments to booted hosts; nothing where none can be booted."""
    if os.geteuid() != 0:
        print("  hosts are booted by root alone: left out", file=sys.stderr)
        return []
    peers = make_deployers(place)
    rows: list[Row] = []
    for number, case in enumerate(CASES):
        own, *others = measure_case(place, case, [make_dray(), *peers], runs)
        work = f"{case.title}, {case.hosts} hosts"
        rows += [
            Row(
                work,
                case.project,
                own.seconds * 1e3,
                other.seconds * 1e3,
                other.name,
                GOALS.get((number, other.name)),
            )
            for other in others
        ]
        if not case.is_first:
            rsync = next(other for other in others if other.name == RSYNC)
            rows.append(Row(f"{work}: bytes sent", case.project, own.sent, rsync.sent, RSYNC, 1, "MB"))
        if case.delay_ms:
            rows.append(Row(work, case.project, own.seconds * 1e3, None, "", 1200))
    return [*rows, *_measure_many(place, runs)]


def _measure_many(place: Path, runs: int) -> list[Row]:
    """Measure the memory of a deployment to 20 hosts, and what it takes to ask them all."""
    with _deployed_to(place, CASES[4]) as site:
        side = _build(place, "example")
        way = _Turns(make_dray(), site, side.root / "_build/prod/rel/shop", is_first=False)
        way.prepare()
        (program,) = write_deployment(site, way.tree, "1")
        memory = peak_memory(program, counts="python")
        project = make_side(place, "example", "asking")
        hosts = ", ".join(repr(name) for name in site.names)
        (project.root / "rel/config.py").write_text(_ASKING.format(hosts=hosts, config=site.ssh_config))
        (asking,) = take_turns([project.dray("status").time], runs=runs)
    return [
        Row("peak memory of a deployment to 20 hosts", "example", memory, None, "", 150, "MB"),
        Row("dray status of 20 hosts", "example", asking * 1e3, None, "", 1000),
    ]


def main(runs: int) -> None:
    """Measure all cases, and print what each way takes."""
    if os.geteuid() != 0:
        raise SystemExit("hosts are booted by root alone")
    with tempfile.TemporaryDirectory(prefix="dray-bench-") as folder:
        place = Path(folder)
        deployers = [make_dray(), *make_deployers(place)]
        for case in CASES:
            print(f"\n{case.title}: {case.project}, {case.hosts} hosts; best (median)", flush=True)
            for figure in measure_case(place, case, deployers, runs):
                print(
                    f"  {figure.name:34} {figure.best:6.2f} s ({figure.seconds:5.2f}) {figure.sent:8.2f} MB",
                    flush=True,
                )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
