"""How dray ends: at once. To take apart thousands of objects that end with the process takes Python up to 80 ms."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from typing import NoReturn

from dray.errors import BuildInterruptedError


def leave(status: int) -> NoReturn:
    """End the process when everything is written that was printed.

    What others have registered for the end is called. Where a thread is at work still, Python waits for it as ever.
    Not after an interruption: where that fell into an exec(), as of a dataclass, Python would end itself by SIGINT.

    Args:
        status: The exit status. Where the output cannot be written, 1 takes the place of 0.
    """
    if threading.active_count() > 1 and status != BuildInterruptedError.exit_code:
        sys.exit(status)
    atexit._run_exitfuncs()  # noqa: SLF001 - as Python itself does it, and multiprocessing in its workers
    for stream in filter(None, (sys.stdout, sys.stderr)):
        try:
            stream.flush()
        except BrokenPipeError:
            status = status or 1
        except OSError as error:
            status = status or 1
            os.write(2, f"error: the output cannot be written: {error.strerror}\n".encode())
    os._exit(status)
