"""``python -m benchmarks [RUNS]``: measure everything, print the table, keep it in benchmarks/README.md."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.apt_upgrades import measure_apt_upgrades
from benchmarks.cases import measure_launcher, measure_project, measure_start
from benchmarks.deployments import measure_deployments
from benchmarks.packages import measure_packages
from benchmarks.report import Row, format_results, write_results
from benchmarks.repositories import measure_repositories
from benchmarks.upgrades import measure_upgrades

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_RUNS = 9


def main(runs: int) -> None:
    """Run all benchmarks."""
    with tempfile.TemporaryDirectory(prefix="dray-bench-") as folder:
        place = Path(folder)
        rows: list[Row] = []
        measures: tuple[tuple[str, Callable[[], list[Row]]], ...] = (
            ("the example umbrella", lambda: measure_project(place, "example", runs)),
            ("all of OTP", lambda: measure_project(place, "large", runs)),
            ("start-up", lambda: measure_start(runs)),
            ("the launcher", lambda: measure_launcher(place, runs)),
            ("packages", lambda: measure_packages(place, runs)),
            ("upgrades", lambda: measure_upgrades(place, runs)),
            ("upgrades by apt", measure_apt_upgrades),
            ("deployments", lambda: measure_deployments(place, min(runs, 3))),
            ("apt repositories", lambda: measure_repositories(place, runs)),
        )
        for title, measure in measures:
            print(f"measuring {title} ...", file=sys.stderr, flush=True)
            rows += measure()
    print(format_results(rows, runs))
    write_results(rows, runs)


main(int(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_RUNS)
