"""How the program ends: at once, and with everything written that was printed."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


def end(script, **options):
    code = f"from dray.cli.leave import leave\nimport atexit, sys, threading, time\n{script}"
    env = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    argv = (sys.executable, "-c", code)
    return subprocess.run(argv, env=env, stderr=subprocess.PIPE, text=True, check=False, **options)


@pytest.mark.parametrize("status", [0, 3, 130])
def test_what_was_printed_is_written_before_the_end(tmp_path, status):
    with (tmp_path / "out").open("w") as out:
        done = end(f"atexit.register(print, 'at the end')\nprint('first')\nleave({status})", stdout=out)
    assert (done.returncode, done.stderr) == (status, "")
    assert (tmp_path / "out").read_text() == "first\nat the end\n"


def test_a_thread_that_is_at_work_finishes(tmp_path):
    with (tmp_path / "out").open("w") as out:
        work = "threading.Thread(target=lambda: (time.sleep(0.2), print('finished'))).start()"
        assert end(f"{work}\nleave(0)", stdout=out).returncode == 0
    assert (tmp_path / "out").read_text() == "finished\n"


def test_output_that_cannot_be_written_is_a_failure():
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        done = end("print('text')\nleave(0)", stdout=full)
    assert (done.returncode, done.stderr) == (1, "error: the output cannot be written: No space left on device\n")


def test_a_reader_who_has_gone_away_is_told_nothing():
    done = end("import os\nread, write = os.pipe()\nos.dup2(write, 1)\nos.close(read)\nprint('text')\nleave(0)")
    assert (done.returncode, done.stderr) == (1, "")


def test_a_program_without_output_ends(tmp_path):
    assert end("sys.stdout = None\nleave(0)").returncode == 0
