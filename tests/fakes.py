"""The outside world for tests: each fake does what the real thing does, in memory, and remembers it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from dray.core.context import Completed, Context
from dray.core.settings import EMPTY, Settings
from dray.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager


@dataclass
class FakeShell:
    """Answers with prepared results; a program that is not prepared is missing."""

    programs: dict[str, Completed | Callable[..., Completed]] = field(default_factory=dict)
    calls: list[tuple[str, ...]] = field(default_factory=list)

    def run(
        self,
        argv: tuple[str, ...],
        *,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
        capture: bool = False,
        check: bool = True,
    ) -> Completed:
        del capture
        self.calls.append(argv)
        found = self.programs.get(Path(argv[0]).name)
        if found is None:
            raise ToolError(f"the program {argv[0]} is missing")
        done = found if isinstance(found, Completed) else found(argv, cwd=cwd, env=env or {}, stdin=stdin)
        if check and done.status != 0:
            raise ToolError(f"{argv[0]} failed with status {done.status}", output=done.output)
        return done

    def which(self, name: str) -> Path | None:
        return Path("/usr/bin") / name if name in self.programs else None


@dataclass
class FakeConsole:
    """Remembers what was said, with the kind in front."""

    lines: list[str] = field(default_factory=list)
    events: list[dict[str, object]] = field(default_factory=list)

    def info(self, text: str) -> None:
        self.lines.append(f"info: {text}")

    def warn(self, text: str) -> None:
        self.lines.append(f"warning: {text}")

    def output(self, line: str) -> None:
        self.lines.append(f"output: {line}")

    def result(self, text: str) -> None:
        self.lines.append(f"result: {text}")

    def progress(self, text: str) -> None:
        self.lines.append(f"progress: {text}")

    def note(self, text: str) -> None:
        self.lines.append(f"note: {text}")

    def event(self, facts: Mapping[str, object]) -> None:
        self.events.append(dict(facts))

    def hold(self) -> AbstractContextManager[None]:
        return contextlib.nullcontext()


@dataclass
class FakeTemplates:
    """Renders a template as its name and its values, sorted."""

    preloaded: bool = False

    def render(self, template: str, /, **values: object) -> str:
        shown = ", ".join(f"{key}={value}" for key, value in sorted(values.items()))
        return f"<{template} {shown}>"

    def preload(self) -> None:
        self.preloaded = True


@dataclass
class FakeClock:
    """A clock that moves only when it is told to."""

    time: float = 1_700_000_000.0

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time


def make_context(
    root: Path,
    *,
    shell: FakeShell | None = None,
    console: FakeConsole | None = None,
    settings: Settings = EMPTY,
    environ: Mapping[str, str] | None = None,
    env: str = "prod",
) -> Context:
    """Return a context of fakes for a project at ``root``."""
    work = root / "_build" / env / ".dray"
    work.mkdir(parents=True, exist_ok=True)
    return Context(
        root=root,
        work=work,
        env=env,
        settings=settings,
        shell=shell or FakeShell(),
        templates=FakeTemplates(),
        console=console or FakeConsole(),
        clock=FakeClock(),
        environ=environ or {},
    )
