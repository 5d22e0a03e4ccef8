"""The outside world as one argument: what a step may use besides the release.

Every member is a small protocol with a fake that behaves, so that a step is tested without a disk, a clock
or a program. The real ones are in ``dray.shell``, ``dray.console`` and ``dray.template``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from dray.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from dray.core.progress import Advance
    from dray.core.secret import Secret
    from dray.core.settings import Settings


@dataclass(frozen=True, slots=True)
class Completed:
    """A program that has ended.

    Args:
        argv: What was started.
        status: Its exit status; negative for the signal that ended it.
        output: What it wrote to its standard output.
    """

    argv: tuple[str, ...]
    status: int
    output: str = ""


class Shell(Protocol):
    """Starts programs."""

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
        """Run a program to its end.

        Args:
            argv: The program, looked up in ``PATH``, and its arguments.
            cwd: The folder to run it in.
            env: Variables to set besides those that dray was started with.
            stdin: What it reads.
            capture: Whether its standard output is returned and nothing is shown; otherwise the user sees all
                that it prints as it comes.
            check: Whether a status other than 0 is an error.

        Raises:
            ToolError: The program is missing or, with ``check``, failed.
        """

    def which(self, name: str) -> Path | None:
        """Return the program's path, or None where there is none in ``PATH``."""


class Console(Protocol):
    """Talks to the user, on standard error."""

    def info(self, text: str) -> None:
        """Say something of interest."""

    def warn(self, text: str) -> None:
        """Say something that the user should look into."""

    def output(self, line: str) -> None:
        """Show a line that a program printed."""

    def result(self, text: str) -> None:
        """Say what the running step did, in a few words; shown beside its name and time."""

    def progress(self, text: str) -> None:
        """Say what the running step is at; shown while it lasts, where the terminal allows."""

    def note(self, text: str) -> None:
        """Say that the running step has got on; only where nothing can be shown in place, as in a log."""

    def event(self, facts: Mapping[str, object]) -> None:
        """Tell a program that follows what happens; nothing where none does."""

    def hold(self) -> AbstractContextManager[None]:
        """Leave the terminal to a question: nothing moves on it while the block lasts."""


class Templates(Protocol):
    """Renders the templates of dray, of plugins and of the project."""

    def render(self, template: str, /, **values: object) -> str:
        """Return the template's text with these values."""

    def preload(self) -> None:
        """Get ready to render, in a moment in which nothing else is to do."""


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> float:
        """Return the seconds since 1970."""

    def monotonic(self) -> float:
        """Return seconds that only grow, for measuring."""


def _tell_nobody(advance: Advance) -> None:
    del advance


def _do_nothing() -> None: ...


@dataclass(frozen=True, slots=True)
class Context:
    """What a step may use besides the release.

    Args:
        root: The project's folder.
        work: dray's own folder in it, kept between builds, ``_build/ENV/.dray``.
        env: The environment to build for.
        settings: The values of ``config(...)``.
        shell: Starts programs.
        templates: Renders templates.
        console: Talks to the user.
        clock: Tells the time.
        environ: The environment variables that dray was started with.
        mix_arguments: Further arguments for ``mix compile``, such as ``--force``.
        started: When the pipeline began, as ``clock.monotonic`` tells the time.
        announce: Called by a step that deploys, whenever it has got on; never fails, and takes no time.
        told: What ``on_progress`` of the step has returned last; empty where it was not called.
        warm_up: Lets the steps of the pipeline get ready, while nothing else is to do.
        warmed: Returns what ``warm_up`` of the step has returned; None where it was not called, or failed.
    """

    root: Path
    work: Path
    env: str
    settings: Settings
    shell: Shell
    templates: Templates
    console: Console
    clock: Clock
    environ: Mapping[str, str] = field(repr=False)  # it holds secrets, and a step may print its context
    mix_arguments: tuple[str, ...] = ()
    started: float = 0.0
    announce: Callable[[Advance], None] = field(default=_tell_nobody, repr=False)
    told: str = ""
    warm_up: Callable[[], None] = field(default=_do_nothing, repr=False)
    warmed: Callable[[], Any] = field(default=_do_nothing, repr=False)

    def reveal(self, secret: str | Secret) -> str:
        """Return the value of a secret; plain text is returned as it is.

        Raises:
            ConfigError: The variable is not set or the file cannot be read, and there is no default.
        """
        if isinstance(secret, str):
            return secret
        value = self._fetch(secret)
        if value is not None:
            return value
        raise ConfigError(
            f"{secret!r} has no value",
            location=secret.location,
            hint=f"export {secret.name}=..." if secret.source == "env" else "check the file's path and mode",
        )

    def _fetch(self, secret: Secret) -> str | None:
        if secret.source == "env":
            return self.environ.get(secret.name, secret.default)
        try:
            return Path(secret.name).expanduser().read_text(encoding="utf-8").rstrip("\n")
        except OSError:
            return secret.default
