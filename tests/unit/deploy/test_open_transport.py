"""What opening a transport costs."""

from __future__ import annotations

import subprocess
import sys

OPEN = """
import ctypes.util, os, sys

started = []
programs = {"subprocess.Popen", "os.exec", "os.fork", "os.posix_spawn", "os.system"}
sys.addaudithook(lambda event, arguments: started.append(arguments) if event in programs else None)
find = ctypes.util.find_library

from dray.deploy.open_transport import open_transport

open_transport("asyncssh")
print(started, find is ctypes.util.find_library, "asyncssh" in sys.modules)
"""


def test_a_transport_is_opened_without_running_programs():
    done = subprocess.run((sys.executable, "-c", OPEN), capture_output=True, text=True, check=True)
    assert done.stdout == "[] True True\n"
