"""An interruption ends the work at once, and never in the midst of an import."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from dray.cli.main import _interrupt

PROGRAM = """
import signal, sys, threading, importlib, time
from dray.cli.main import _INTERRUPTIONS, _interrupt

for number in _INTERRUPTIONS:
    signal.signal(number, _interrupt)
print("ready", flush=True)


def load(package, name):
    for loaded in [loaded for loaded in sys.modules if loaded.partition(".")[0] == package]:
        del sys.modules[loaded]
    importlib.import_module(name)


try:
    threading.Thread(target=lambda: [load("json", "json.tool") for _ in range(5000)], daemon=True).start()
    while True:
        load("xml", "xml.dom.minidom")
except KeyboardInterrupt:
    pass
importlib.import_module("colorsys")  # which hangs where the lock of all imports was left taken
print("through")
"""


def frame_of(file):
    return SimpleNamespace(f_code=SimpleNamespace(co_filename=file))


def test_an_interruption_raises_where_it_is():
    with pytest.raises(KeyboardInterrupt):
        _interrupt(signal.SIGINT, frame_of("/usr/lib/python3/x.py"))


def test_within_an_import_it_is_put_off_for_a_moment():
    asked = []
    before = signal.signal(signal.SIGALRM, lambda *_: asked.append(1))
    try:
        _interrupt(signal.SIGINT, frame_of("<frozen importlib._bootstrap>"))
        limit = time.monotonic() + 5
        while not asked and time.monotonic() < limit:
            time.sleep(0.001)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert asked == [1]


@pytest.mark.parametrize("moment", [0.003 * number for number in range(1, 9)])
def test_imports_go_on_after_an_interruption(moment):
    argv = (sys.executable, "-c", PROGRAM)
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(moment)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert out == "through\n", err
