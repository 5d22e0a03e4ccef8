"""Starts programs: the real ``Shell`` of ``dray.core.context``.

A program runs in a session of its own with nothing to read, so that Ctrl-C reaches dray alone (a BEAM would
open its break menu) and dray ends the program and all that it started.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import threading
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from dray.ahead import NEVER_TOLD
from dray.core.context import Completed
from dray.errors import ToolError

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Mapping

    from dray.ahead import Ahead

_KEPT_LINES = 40
_GRACE_SECONDS = 3


@dataclass(frozen=True, slots=True)
class LocalShell:
    """Runs programs on this machine.

    Args:
        show: Called with each line that a program prints and that nobody captures.
        environ: The variables that every program gets.
        ahead: A program that was started already, for the call that it was started for.
    """

    show: Callable[[str], None]
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    ahead: Ahead | None = None

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
        """Run a program to its end; see ``Shell.run``."""
        last_lines: deque[str] = deque(maxlen=_KEPT_LINES)
        variables = {**self.environ, **(env or {})}
        plain = not stdin and not capture
        taken = self.ahead.take((argv, str(cwd), variables)) if self.ahead and plain else None
        with taken or self._start(argv, cwd, variables, stdin, capture=capture) as process:
            try:
                output = self._read(process, last_lines, capture=capture)
                status = process.wait()
            except BaseException:
                end_group(process)
                raise
        if taken is not None and status == NEVER_TOLD:
            return self.run(argv, cwd=cwd, env=env, check=check)
        if check and status != 0:
            raise ToolError(f"{Path(argv[0]).name} failed with status {status}", output="\n".join(last_lines) or None)
        return Completed(argv, status, output)

    def which(self, name: str) -> Path | None:
        """Return the program's path; see ``Shell.which``."""
        found = shutil.which(name, path=self.environ.get("PATH"))
        return Path(found) if found else None

    def _start(
        self, argv: tuple[str, ...], cwd: Path, env: Mapping[str, str], stdin: bytes, *, capture: bool
    ) -> subprocess.Popen[bytes]:
        import subprocess  # noqa: PLC0415 - takes 3 ms, and a build without changes starts nothing

        with _open_input(stdin) as source:
            try:
                return subprocess.Popen(
                    argv,
                    cwd=cwd,
                    env=env,
                    stdin=source,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE if capture else subprocess.STDOUT,
                    start_new_session=True,
                )
            except FileNotFoundError:
                raise ToolError(
                    f"the program {argv[0]} is missing", hint="dray doctor says what to install"
                ) from None
            except OSError as error:
                raise ToolError(f"{argv[0]} cannot be started: {error.strerror}") from None

    def _read(self, process: subprocess.Popen[bytes], last_lines: deque[str], *, capture: bool) -> str:
        """Show what the program says; return its standard output where it is captured."""
        captured: list[bytes] = []
        reader = None
        if capture and process.stdout:
            reader = threading.Thread(target=lambda: captured.append(process.stdout.read()))  # type: ignore[union-attr]
            reader.start()
        for raw in (process.stderr if capture else process.stdout) or ():
            line = raw.decode("utf-8", "replace").rstrip()
            last_lines.append(line)
            if not capture:
                self.show(line)
        if reader is not None:
            reader.join()
        return b"".join(captured).decode("utf-8", "replace")


def _open_input(data: bytes) -> BinaryIO:
    """Return a file to read from; a pipe would have to be filled while the program runs."""
    if not data:
        return Path(os.devnull).open("rb")
    import tempfile  # noqa: PLC0415 - few programs are given anything

    source: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    source.write(data)
    source.seek(0)
    return source


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End a program and all that it started: first politely, after a moment by force."""
    import subprocess  # noqa: PLC0415 - was loaded to start it

    for sent, seconds in ((signal.SIGTERM, _GRACE_SECONDS), (signal.SIGKILL, None)):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, sent)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
            break
