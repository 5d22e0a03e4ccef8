"""Programs that are started ahead of their need, and wait until they are told that they are wanted after all.

ahead = start_ahead((("elixir", "-e", "work"), "/shop", env), waiting=("elixir", "-e", "wait", "-e", "work"))
process = ahead.take(call)  # told to begin; None where another call is wanted
ahead.end()                 # where it was not taken

The program reads the file that the variable ``DRAY_GATE`` names, the end of a pipe. It finds ``go`` there, or
nothing: then it ends itself, so that none is left behind where dray is killed. Little is loaded here, since a program
that is started before dray itself is loaded must not wait for that.
"""

from __future__ import annotations

import os
import signal

TYPE_CHECKING = False  # as typing has it, which takes 3 ms to load
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping

    Call = tuple[tuple[str, ...], str, Mapping[str, str]]
    """What is run: a program with its arguments, its folder, and all of its variables."""

GATE = "DRAY_GATE"
NEVER_TOLD = 75
"""The status with which a program ends that did not find ``go`` at its gate."""


class Ahead:
    """A program that waits.

    Args:
        call: What it does when it is told to.
        process: The program, in a session of its own.
        gate: Where it is told.
    """

    def __init__(self, call: Call, process: subprocess.Popen[bytes], gate: int) -> None:
        self._call = call
        self._process = process
        self._gate: int | None = gate

    def take(self, call: Call) -> subprocess.Popen[bytes] | None:
        """Tell the program to begin, and return it; None where it was started for another call, or has ended.

        Args:
            call: What is wanted.
        """
        if self._gate is None or call != self._call or self._process.poll() is not None:
            return None
        gate, self._gate = self._gate, None
        with os.fdopen(gate, "wb", buffering=0) as told:
            told.write(b"go")
        return self._process

    def end(self) -> None:
        """End the program if it still waits."""
        if self._gate is None:
            return
        gate, self._gate = self._gate, None
        os.close(gate)
        with self._process:
            if self._process.poll() is None:
                os.killpg(self._process.pid, signal.SIGKILL)


def start_ahead(call: Call, *, waiting: tuple[str, ...]) -> Ahead | None:
    """Start a program that waits before it does what may be wanted of it.

    Args:
        call: What may be wanted.
        waiting: The program with its arguments, so that it waits first and then does the same.

    Returns:
        The program; None where it cannot be started, or could not be told.
    """
    import subprocess  # noqa: PLC0415 - takes 3 ms, and most commands start nothing

    _, cwd, env = call
    read, write = os.pipe()
    gate = f"/dev/fd/{read}"
    try:
        if os.path.exists(gate):
            process = subprocess.Popen(
                waiting,
                cwd=cwd,
                env={**env, GATE: gate},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(read,),
                start_new_session=True,
            )
            return Ahead(call, process, write)
    except OSError:
        pass  # who needs the program starts it again, and says what is wrong
    finally:
        os.close(read)
    os.close(write)
    return None
