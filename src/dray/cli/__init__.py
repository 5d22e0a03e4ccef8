"""The command line: arguments in, a pipeline or a room called, and the result printed."""

from __future__ import annotations

import gc
import os
import signal
import sys

TYPE_CHECKING = False  # as typing has it, which takes 3 ms to load
if TYPE_CHECKING:
    from types import FrameType
    from typing import NoReturn

__all__ = ["main"]


def main() -> NoReturn:
    """Run the program and exit; an interruption while its modules are still being loaded ends it, too."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    # Looked at and started before all else is loaded, so that it gets ready meanwhile.
    from dray.project.first_look import start_if_needed  # noqa: PLC0415 - an interruption is heeded from here on

    ahead = start_if_needed(sys.argv[1:], os.environ)
    gc.disable()  # modules are no garbage, and to look for some while they load takes a tenth of the start
    from dray.cli.main import main as begin  # noqa: PLC0415 - takes most of the time that dray needs to start

    begin(ahead)


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    del number, frame
    os.write(2, b"error: interrupted\n")
    os._exit(130)
