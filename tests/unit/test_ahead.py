"""Programs that wait until they are wanted do nothing before, and never outlive who started them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dray.ahead import NEVER_TOLD, start_ahead
from dray.errors import ToolError
from dray.shell import LocalShell
from tests.harness import wait_for

WORK = ("sh", "-c", 'echo "$WORD"; exit "$STATUS"')
WAITING = ("sh", "-c", f'test "$(cat "$DRAY_GATE")" = go || exit {NEVER_TOLD}; {WORK[2]}')
DEAF = ("sh", "-c", f"exit {NEVER_TOLD}")


@pytest.fixture
def call(tmp_path):
    return (WORK, str(tmp_path), {**os.environ, "WORD": "done", "STATUS": "0"})


@pytest.fixture
def lines():
    return []


def run(call, ahead, lines, **changes):
    argv, cwd, env = call
    return LocalShell(lines.append, env, ahead).run(argv, cwd=cwd, **changes)


def is_gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_program_that_waits_is_the_one_that_runs(call, lines):
    ahead = start_ahead(call, waiting=WAITING)
    assert run(call, ahead, lines).status == 0
    assert lines == ["done"]
    assert ahead.take(call) is None


def test_it_fails_like_any_other(call, lines):
    call = (*call[:2], {**call[2], "STATUS": "3"})
    with pytest.raises(ToolError, match="sh failed with status 3"):
        run(call, start_ahead(call, waiting=WAITING), lines)


@pytest.mark.parametrize(
    ("place", "other", "said"),
    [
        (0, ("sh", "-c", "echo other"), "other"),
        (1, "/", "done"),
        (2, {**os.environ, "WORD": "other", "STATUS": "0"}, "other"),
    ],
    ids=["another program", "another folder", "other variables"],
)
def test_another_call_starts_a_program_of_its_own(call, lines, place, other, said):
    ahead = start_ahead(call, waiting=WAITING)
    another = (*call[:place], other, *call[place + 1 :])
    assert ahead.take(another) is None
    run(another, ahead, lines)
    assert lines == [said]
    ahead.end()


def test_captured_output_needs_a_program_of_its_own(call, lines):
    ahead = start_ahead(call, waiting=WAITING)
    assert run(call, ahead, lines, capture=True).output == "done\n"
    ahead.end()


def test_a_program_that_does_not_hear_is_started_again(call, lines):
    ahead = start_ahead(call, waiting=DEAF)
    assert run(call, ahead, lines).status == 0
    assert lines == ["done"]
    ahead.end()


def test_what_is_not_wanted_does_nothing_and_ends(call):
    ahead = start_ahead(call, waiting=WAITING)
    ahead.end()
    assert ahead.take(call) is None
    ahead.end()


def test_a_program_that_cannot_be_started_is_none(call):
    before = set(Path("/dev/fd").iterdir())
    assert start_ahead(call, waiting=("no-such-program",)) is None
    assert set(Path("/dev/fd").iterdir()) == before


def test_who_is_killed_leaves_nothing_behind(tmp_path):
    program = (
        "import os, signal\n"
        "from dray.ahead import start_ahead\n"
        "wait = 'echo $$ > started; cat \"$DRAY_GATE\" > said; echo ended > ended'\n"
        "start_ahead(((), '.', dict(os.environ)), waiting=('sh', '-c', wait))\n"
        "while not os.path.exists('started'):\n"
        "    pass\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run((sys.executable, "-c", program), cwd=tmp_path, check=False)
    wait_for((tmp_path / "ended").exists, "the program to notice")
    assert (tmp_path / "said").read_bytes() == b""
    wait_for(lambda: is_gone(int((tmp_path / "started").read_text())), "the program to end")
