"""The table: one line for each piece of work, on the screen and in ``benchmarks/README.md``."""

from __future__ import annotations

import platform
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

README = Path(__file__).with_name("README.md")
_BEGIN, _END = "<!-- results begin -->", "<!-- results end -->"


@dataclass(frozen=True)
class Row:
    """A piece of work and how long both took.

    Args:
        work: What was done.
        project: In which project; empty where none matters.
        dray: Its median, in ``unit``.
        peer: The peer's median, None where there is none.
        against: What the peer is.
        goal: The least ratio of peer to dray; or the most that dray may take, where there is no peer; None for a
            peer that only shows what the machine can do.
        unit: Of the figures: ms or MB.
        more: Whether the goal is that dray takes ``goal`` more than the peer at most, in ``unit``.
    """

    work: str
    project: str
    dray: float
    peer: float | None
    against: str
    goal: float | None
    unit: str = "ms"
    more: bool = False

    @property
    def reached(self) -> bool:
        """Whether the goal, if there is one, is reached."""
        if self.goal is None:
            return True
        if self.peer is None:
            return self.dray < self.goal
        if self.more:
            return self.dray - self.peer <= self.goal
        return self.peer / self.dray >= self.goal

    @property
    def cells(self) -> tuple[str, ...]:
        """The line of the table."""
        if self.peer is None:
            ratio, goal = "", f"under {self.goal:g} {self.unit}"
        elif self.more:
            ratio, goal = f"+{self.dray - self.peer:.0f} {self.unit}", f"at most +{self.goal:g} {self.unit}"
        else:
            ratio, goal = f"{self.peer / self.dray:.1f} x", "" if self.goal is None else f"{self.goal:g} x"
        peer = "" if self.peer is None else f"{_figure(self.peer)} {self.unit}"
        verdict = "" if self.goal is None else "yes" if self.reached else "**no**"
        return (
            self.work,
            self.project,
            f"{_figure(self.dray)} {self.unit}",
            self.against,
            peer,
            ratio,
            goal,
            verdict,
        )


HEAD = ("work", "project", "dray", "against", "takes", "ratio", "goal", "reached")


def format_table(rows: list[Row]) -> str:
    """Return the rows as a table of Markdown whose columns line up."""
    lines = [HEAD, *(row.cells for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    ruled = [lines[0], tuple("-" * width for width in widths), *lines[1:]]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
        for line in ruled
    )


def write_results(rows: list[Row], runs: int) -> None:
    """Replace the results in the README."""
    before, _, rest = README.read_text(encoding="utf-8").partition(_BEGIN)
    _, _, after = rest.partition(_END)
    README.write_text(f"{before}{_BEGIN}\n{format_results(rows, runs)}\n{_END}{after}", encoding="utf-8")


def format_results(rows: list[Row], runs: int) -> str:
    """Return the table below what it was measured on."""
    return f"{describe_machine()} Medians of {runs} runs, in turns.\n\n{format_table(rows)}"


def describe_machine() -> str:
    """Return the date, and what the figures were taken on."""
    cpu = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "CPU"
    )
    cores = sum(1 for line in _lines("/proc/cpuinfo") if line.startswith("processor"))
    versions = subprocess.run(
        ("elixir", "-e", "IO.write [System.version, ?,, System.otp_release]"),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split(",")
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {cores} cores of {cpu} in a shared virtual machine, "
        f"Linux {platform.release()}, Python {platform.python_version()}, Elixir {versions[0]}, OTP {versions[1]}."
    )


def _figure(value: float) -> str:
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
