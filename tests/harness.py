"""Builds the projects of the tests with dray and with Mix, and runs what comes out."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ROOT = Path(__file__).parent.parent
PROJECTS = Path(__file__).parent / "projects"
EXAMPLES = ROOT / "examples"

_CLEAN = {
    name: value for name, value in os.environ.items() if not name.startswith(("RELEASE_", "MIX_", "ERL_", "DRAY_"))
}
PROJECT_TIMEOUT = 180


@dataclass(frozen=True)
class Done:
    """A program that has ended, and what it said."""

    status: int
    out: str
    err: str


def run(*argv: str | Path, cwd: Path, env: Mapping[str, str] | None = None, stdin: str = "") -> Done:
    """Run a program to its end."""
    done = subprocess.run(
        [str(part) for part in argv],
        cwd=cwd,
        env={**_CLEAN, **(env or {})},
        input=stdin,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=PROJECT_TIMEOUT,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def dray(*arguments: str, cwd: Path, env: Mapping[str, str] | None = None) -> Done:
    """Run dray, whatever its exit status."""
    return run(sys.executable, "-m", "dray", *arguments, cwd=cwd, env=env)


def build(project: Path, *arguments: str, env: Mapping[str, str] | None = None) -> Done:
    """Build with dray; it must work."""
    done = dray("build", *arguments, cwd=project, env=env)
    assert done.status == 0, done.err
    return done


def mix_release(project: Path, name: str, target: Path) -> Path:
    """Build with Mix, into a folder; it must work."""
    names = (name,) if name else ()
    done = run("mix", "release", *names, "--quiet", "--path", target, cwd=project, env={"MIX_ENV": "prod"})
    assert done.status == 0, done.out + done.err
    return target


def copy_project(name: str | Path, target: Path) -> Path:
    """Copy a project of the tests, or of the examples, without what was built of it."""
    source = PROJECTS / name if isinstance(name, str) else name
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("_build", "__pycache__"), symlinks=True)
    return target


def wait_for(condition: Callable[[], object], what: str, seconds: float = 20) -> None:
    """Wait until a condition holds; fail when it does not in time."""
    limit = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > limit:
            raise AssertionError(f"waited {seconds} s for {what}")
        time.sleep(0.02)


@dataclass
class Launcher:
    """The launcher of a release, with an environment of its own.

    Args:
        tree: The release.
        name: Its name.
        env: Variables for every command.
    """

    tree: Path
    name: str
    env: dict[str, str] = field(default_factory=dict)
    shell: tuple[str, ...] = ()

    def __call__(self, *arguments: str, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Done:
        program: tuple[str | Path, ...] = (*self.shell, self.tree / "bin" / self.name)
        return run(*program, *arguments, cwd=cwd or self.tree, env={**self.env, **(env or {})})

    @contextlib.contextmanager
    def running(self, command: str = "daemon", env: Mapping[str, str] | None = None) -> Iterator[Launcher]:
        """Start the system in the background, and stop it when the block ends."""
        started = self(command, env=env)
        assert started.status == 0, started.err
        try:
            self.wait_until_up()
            yield self
        finally:
            pid = self("rpc", "IO.puts(System.pid())") if self.is_elixir else self("pid")
            self("stop")
            if pid.status == 0:
                self.end(int(pid.out.strip()))
            else:
                self.end_unreachable()

    def wait_until_up(self) -> None:
        """Wait until the node answers and all its applications have started."""
        expression = "{:started, _} = :init.get_status()" if self.is_elixir else "{started, _} = init:get_status()"
        wait_for(lambda: self("rpc", expression).status == 0, f"{self.name} to answer; {self.log()}")

    def log(self) -> str:
        """Return what the system wrote in the background."""
        files = sorted(Path(self.env.get("RELEASE_TMP", self.tree / "tmp")).glob("log/erlang.log.*"))
        return files[-1].read_text(errors="replace") if files else ""

    @property
    def is_elixir(self) -> bool:
        """Whether expressions are Elixir."""
        return any(self.tree.glob("releases/*/iex"))

    def end_unreachable(self) -> None:
        """End by force what runs as this node and does not answer: a test that fails leaves nothing behind."""
        mine = f"RELEASE_NODE={self.env.get('RELEASE_NODE')}".encode()
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if mine in (process / "environ").read_bytes().split(b"\0"):
                    os.kill(int(process.name), signal.SIGKILL)

    @staticmethod
    def end(pid: int) -> None:
        """Wait until a process is gone; end it by force when it stays."""
        try:
            wait_for(lambda: not Path(f"/proc/{pid}").exists(), "the system to stop")
        except AssertionError:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            raise

    def in_terminal(self, *arguments: str, typed: str, until: str, seconds: float = 30) -> str:
        """Run a command in a terminal, type something, and return what the screen showed."""
        pid, terminal = pty.fork()
        if pid == 0:
            env = {**_CLEAN, **self.env, "TERM": "xterm"}
            argv = [*self.shell, str(self.tree / "bin" / self.name), *arguments]
            os.execvpe(argv[0], argv, env)
        shown = b""
        sent = False
        limit = time.monotonic() + seconds
        try:
            while time.monotonic() < limit and not re.search(until, shown.decode(errors="replace")):
                ready, _, _ = select.select([terminal], [], [], 0.1)
                if ready:
                    try:
                        shown += os.read(terminal, 4096)
                    except OSError:
                        break
                if not sent and b"> " in shown:
                    os.write(terminal, typed.encode())
                    sent = True
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            os.close(terminal)
        return shown.decode(errors="replace")
