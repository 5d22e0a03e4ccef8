"""Work is shared among processes, and none of them outlives the one that shared it."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from dray.assemble.workers import map_parts


def test_several_processes_work(two_cores):
    def work(part):
        time.sleep(0.01)
        return os.getpid()

    assert len(set(map_parts(work, range(400)))) == 2


def test_each_part_is_worked_on_once(two_cores):
    parts = map_parts(list, range(400))
    assert sorted(item for part in parts for item in part) == list(range(400))


def test_parts_come_back_in_their_order(two_cores):
    parts = map_parts(list, range(401))
    assert len(parts) > 2
    assert parts == [list(range(number, 401, len(parts))) for number in range(len(parts))]


def test_what_a_worker_raises_is_raised_here(two_cores):
    def work(part):
        if 1 in part:
            raise ValueError("odd")
        return part

    with pytest.raises(ValueError, match="odd"):
        map_parts(work, range(400))


ABANDONED = """
import os
from dray.assemble import workers

os.cpu_count = lambda: 2
parent = os.getpid()

def work(part):
    if os.getpid() == parent:
        os._exit(3)
    return b"x" * (1 << 20)

workers.map_parts(work, range(400))
"""


def test_a_worker_whose_result_nobody_takes_ends(tmp_path):
    """Its output would stay open, and the lock of the build held, if it waited for ever."""
    done = subprocess.run((sys.executable, "-c", ABANDONED), capture_output=True, timeout=20, check=False)
    assert done.returncode == 3
