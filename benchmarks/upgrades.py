"""What is measured of upgrades: comparing, generating, and taking over in a system that serves requests."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.measure import Program, take_turns, wait_for
from benchmarks.projects import Side, make_side
from benchmarks.report import Row

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_APPLICATIONS = 35
_CONFIG = """\
from dray.steps import assemble, release, tar, upgrade

build = release("shop") | assemble() | tar()
generated = release("shop") | assemble() | upgrade(from_="old.tar.gz", check=False) | tar()
"""
_THIRD = {
    "mix.exs": """\
defmodule Third.MixProject do
  use Mix.Project

  def project do
    [app: :third, version: "0.1.0", build_path: "../../_build", config_path: "../../config/config.exs",
     deps_path: "../../deps", lockfile: "../../mix.lock"]
  end

  def application, do: []
end
""",
    "lib/third.ex": "defmodule Third do\n  def number, do: 1\nend\n",
}
_PORT, _EPMD_PORT = 40414, 40415


def measure_upgrades(place: Path, runs: int) -> list[Row]:
    """Measure comparing and generating with 35 applications, and taking over in the example."""
    large, trees, generating = _build_two_versions(_make_large(place), runs)
    (comparing,) = take_turns([large.dray("diff", str(trees[0]), str(trees[1])).time], runs=runs)
    applications = len(list((trees[1] / "lib").iterdir()))
    example = make_side(place, "example", "upgrades")
    (example.root / "rel" / "config.py").write_text(_CONFIG)
    small, small_trees, _ = _build_two_versions(example, 1)
    return [
        Row(f"dray diff of two trees, {applications} applications", "", comparing * 1e3, None, "", 150),
        Row("upgrade(), appups and relup for 3 applications", "", generating * 1e3, None, "", 1000),
        *_measure_taking_over(small, small_trees, runs),
    ]


def _build_two_versions(side: Side, runs: int) -> tuple[Side, list[Path], float]:
    """Return the project, copies of the trees of both versions, and the seconds of the step upgrade."""
    side.dray("build", "--quiet").run()
    shutil.copy(side.root / "_build/prod/shop-0.1.0.tar.gz", side.root / "old.tar.gz")
    trees = [side.root.with_name(f"{side.root.name}-{name}") for name in ("old", "new")]
    shutil.copytree(side.root / "_build/prod/rel/shop", trees[0], symlinks=True)
    _change(side)
    generating = _measure_generating(side, runs)
    shutil.copytree(side.root / "_build/prod/rel/shop", trees[1], symlinks=True)
    return side, trees, generating


def _make_large(place: Path) -> Side:
    side = make_side(place, "large", "upgrades")
    for path, text in _THIRD.items():
        file = side.root / "apps/third" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    mix = side.root / "mix.exs"
    listed = dict.fromkeys(re.findall(r"\w+: :load", mix.read_text()))
    own = ["shop: :permanent", "shop_web: :permanent", "third: :permanent"]
    # Besides these there are those that Elixir brings along; sasl is one, and has to be started.
    otp = [item for item in listed if item != "sasl: :load"][: _APPLICATIONS - len(own) - 6]
    mix.write_text(re.sub(r"applications: \[.*?\]", f"applications: [{', '.join((*own, *otp))}]", mix.read_text()))
    (side.root / "rel" / "config.py").write_text(_CONFIG)
    return side


def _change(side: Side) -> None:
    """Change a module of each of the three applications, and the release's version."""
    for path, old, new in (
        ("apps/shop/lib/shop/goods.ex", "watts * 7", "watts * 8"),
        ("apps/shop_web/lib/shop_web/pages.ex", '"sold"', '"it is yours"'),
        ("apps/third/lib/third.ex", "do: 1", "do: 2"),
        ("mix.exs", 'version: "0.1.0"', 'version: "0.2.0"'),
    ):
        file = side.root / path
        if not file.exists():
            continue  # the example has no third application
        text = file.read_text()
        if old not in text:
            raise RuntimeError(f"{file} does not say {old}")
        file.write_text(text.replace(old, new))


def _measure_generating(side: Side, runs: int) -> float:
    def build() -> float:
        report = json.loads(side.dray("run", "generated", "--json", "--quiet").run())
        return float({step["name"]: step["seconds"] for step in report["steps"]}["upgrade"])

    (seconds,) = take_turns([build], runs=runs, before=side.change_a_module)
    return seconds


@dataclass
class _Customers:
    """Ask for a page without a pause, and note how long the longest answer took, and how many failed."""

    port: int
    longest: float = 0.0
    asked: int = 0
    failed: int = 0
    _open: bool = True
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        self._threads = [threading.Thread(target=self._shop) for _ in range(2)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._open = False
        for thread in self._threads:
            thread.join()

    def _shop(self) -> None:
        while self._open:
            started = time.perf_counter()
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
                connection.request("GET", "/price/lamp")
                good = connection.getresponse().status == http.HTTPStatus.OK
                connection.close()
            except (OSError, http.client.HTTPException):
                good = False
            self.longest = max(self.longest, time.perf_counter() - started)
            self.asked += 1
            self.failed += not good


def _measure_taking_over(side: Side, trees: list[Path], runs: int) -> list[Row]:
    """Take a system up and down ten times while customers ask; then rehearse once, which measures the node."""
    host = Side(side.name, side.root.with_name(f"{side.root.name}-host"))
    shutil.copytree(trees[0], host.root / "_build/prod/rel/shop", symlinks=True)
    shutil.copytree(trees[1], host.root / "_build/prod/rel/shop", symlinks=True, dirs_exist_ok=True,
                    ignore=shutil.ignore_patterns("start_erl.data", "RELEASES"))  # fmt: skip
    env = {
        "PORT": str(_PORT),
        "RELEASE_NODE": "bench_upgrade",
        "RELEASE_COOKIE": "bench",
        "ERL_EPMD_PORT": str(_EPMD_PORT),
    }
    host.bin("daemon", env=env).run()
    wait_for(lambda: host.bin("ready", env=env).succeeds(), "the node to be ready")
    customers = _Customers(_PORT)
    try:
        quiet = take_turns(_both_ways(host, env), runs=runs)
        customers.start()
        take_turns(_both_ways(host, env), runs=max(runs, 10))
        customers.stop()
    finally:
        host.bin("stop", env=env).run()
        Program(("epmd", "-port", str(_EPMD_PORT), "-kill"), host.root, {}).run()  # it outlives its nodes
    pause = json.loads(side.dray("rehearse", *map(str, trees), "--json").run())["up"]["longest_pause_seconds"]
    return [
        Row("bin/NAME upgrade, to permanent", "example", quiet[0] * 1e3, None, "", 300),
        Row("bin/NAME downgrade, to permanent", "example", quiet[1] * 1e3, None, "", 300),
        Row("longest pause of a process, upgrade", "example", pause * 1e3, None, "", 50),
        Row(
            f"longest answer to {customers.asked} requests meanwhile, {customers.failed} failed",
            "example",
            customers.longest * 1e3,
            None,
            "",
            50 if customers.failed == 0 else 0,
        ),
    ]


def _both_ways(host: Side, env: Mapping[str, str]) -> list[Callable[[], float]]:
    return [
        host.bin("upgrade", "0.2.0", "--hot", env=env).time,
        host.bin("downgrade", "0.1.0", "--hot", env=env).time,
    ]
