"""Talks to the user on standard error.

Two kinds: ``PlainConsole`` writes lines, for logs and pipes; ``TerminalConsole`` shows the running step in place and
keeps what programs print out of the way. ``StepConsole`` is what a step gets: it gathers what the step did for the
line that ends it. Standard output is for data and never written here.
"""

from __future__ import annotations

import contextlib
import json
import re
import sys
from collections import deque
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from rich.status import Status


_REMEMBERED_LINES = 100

_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class PlainConsole:
    """Lines without colour; what programs print is shown as it comes.

    Args:
        stream: Where to write.
        quiet: Whether only warnings are said.
    """

    def __init__(self, stream: TextIO, *, quiet: bool = False) -> None:
        self.stream = stream
        self.quiet = quiet
        self.warnings: list[str] = []
        self.events: Callable[[str], None] | None = None
        self.last_output: deque[str] = deque(maxlen=_REMEMBERED_LINES)

    def info(self, text: str) -> None:
        """Say something of interest."""
        if not self.quiet:
            self.write(text)

    def warn(self, text: str) -> None:
        """Say something that the user should look into."""
        self.warnings.append(text)
        self.write(f"warning: {text}")

    def output(self, line: str) -> None:
        """Show a line that a program printed, without its colours."""
        plain = _COLOURS.sub("", line)
        if not self.quiet:
            self.last_output.append(line)
        if plain.strip():
            self.info(f"  | {plain}".rstrip())

    def has_shown(self, output: str) -> bool:
        """Tell whether the last lines of a program's output are there to be read already."""
        lines = output.splitlines()
        return bool(lines) and list(self.last_output)[-len(lines) :] == lines

    def progress(self, step: str, text: str) -> None:
        """Say what a step is at: nothing here, a log has no place for what changes."""

    def note(self, text: str) -> None:
        """Say that a step has got on."""
        self.info(f"  {text}")

    def event(self, facts: Mapping[str, object]) -> None:
        """Tell a program that follows what happens."""
        if self.events is not None:
            self.events(json.dumps(dict(facts)))

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """Leave the terminal to a question: nothing here moves anyway."""
        yield

    def end_step(self, name: str, seconds: float, result: str) -> None:
        """Say that a step is done, how long it took and what it did."""
        self.info(f"{name:<14} {seconds:6.2f} s  {result}".rstrip())

    def close(self) -> None:
        """Leave the terminal as it was."""

    def write(self, text: str) -> None:
        """Write a line."""
        self.stream.write(text + "\n")
        self.stream.flush()


class TerminalConsole(PlainConsole):
    """The running step with a spinner, on a line that is replaced when the step ends.

    Args:
        stream: A terminal.
        colour: Whether to colour; colour never carries meaning alone.
    """

    def __init__(self, stream: TextIO, *, colour: bool) -> None:
        super().__init__(stream)
        self.colour = colour
        self.status: Status | None = None
        self.step = ""
        self.is_held = False

    def warn(self, text: str) -> None:
        """Say something that the user should look into."""
        self.warnings.append(text)
        self.write(self._style("33", f"warning: {text}"))

    def output(self, line: str) -> None:
        """Show the line beside the spinner; the last lines of a program that fails are part of its error."""
        plain = _COLOURS.sub("", line).strip()
        if plain:
            self.progress(self.step, plain)

    def progress(self, step: str, text: str) -> None:
        """Say what a step is at."""
        self.step = step
        if self.is_held:
            return
        status = self.status = self.status or _start_status(self.stream, colour=self.colour)
        first, *table = text.split("\n")
        shown = "\n".join((first[:80], *table)).replace("[", r"\[")
        status.update(f"{step}  [dim]{shown}[/dim]")

    def note(self, text: str) -> None:
        """Say that a step has got on: nothing here, what it is at is shown in place."""

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """Take the spinner away while the block lasts."""
        self.is_held = True
        self.close()
        try:
            yield
        finally:
            self.is_held = False

    def end_step(self, name: str, seconds: float, result: str) -> None:
        """Say that a step is done, how long it took and what it did."""
        time = self._style("2", f"{seconds:6.2f} s")
        self.write(f"{self._style('32', '✓')} {name:<14} {time}  {result}".rstrip())

    def close(self) -> None:
        """Leave the terminal as it was."""
        status, self.status = self.status, None  # at once: another thread may warn meanwhile
        if status is not None:
            status.stop()

    def write(self, text: str) -> None:
        """Write a line; the spinner makes room for it."""
        self.close()
        super().write(text)

    def _style(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour else text


class StepConsole:
    """The ``Console`` of one step.

    Args:
        base: Where things are said.
        name: The step.
    """

    def __init__(self, base: PlainConsole, name: str) -> None:
        self.base = base
        self.name = name
        self.results: list[str] = []

    def info(self, text: str) -> None:
        """Say something of interest."""
        self.base.info(text)

    def warn(self, text: str) -> None:
        """Say something that the user should look into."""
        self.base.warn(text)

    def output(self, line: str) -> None:
        """Show a line that a program printed."""
        self.base.output(line)

    def progress(self, text: str) -> None:
        """Say what the step is at."""
        self.base.progress(self.name, text)

    def note(self, text: str) -> None:
        """Say that the step has got on."""
        self.base.note(text)

    def event(self, facts: Mapping[str, object]) -> None:
        """Tell a program that follows what happens in the step."""
        self.base.event({"step": self.name, **facts})

    def hold(self) -> AbstractContextManager[None]:
        """Leave the terminal to a question."""
        return self.base.hold()

    def result(self, text: str) -> None:
        """Say what the step did."""
        self.results.append(text)


def open_console(environ: Mapping[str, str], *, quiet: bool = False) -> PlainConsole:
    """Return the console that suits standard error: lines, unless it is a terminal that can do more.

    Args:
        environ: ``NO_COLOR`` and ``TERM=dumb`` are respected; under ``CI`` there are only lines.
        quiet: Whether only warnings and errors are said.
    """
    plain = not sys.stderr.isatty() or environ.get("TERM") == "dumb" or bool(environ.get("CI"))
    if quiet or plain:
        return PlainConsole(sys.stderr, quiet=quiet)
    return TerminalConsole(sys.stderr, colour=not environ.get("NO_COLOR"))


def _start_status(stream: TextIO, *, colour: bool) -> Status:
    from rich.console import Console  # noqa: PLC0415 - 30 ms that only long work on a terminal pays
    from rich.status import Status  # noqa: PLC0415

    status = Status("", console=Console(file=stream, no_color=not colour, force_terminal=True))
    status.start()
    return status
