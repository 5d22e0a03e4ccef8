"""Programs are started, read and ended."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from dray.errors import ToolError
from dray.shell import LocalShell


@pytest.fixture
def lines():
    return []


@pytest.fixture
def shell(lines):
    return LocalShell(lines.append)


@pytest.fixture
def heeds_interrupts():
    """What a script runs in the background finds SIGINT ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def sh(shell, tmp_path, text, **given):
    return shell.run(("sh", "-c", text), cwd=tmp_path, **given)


def test_what_a_program_prints_is_shown_as_it_comes(shell, lines, tmp_path):
    assert sh(shell, tmp_path, "echo one; echo two >&2; printf three").status == 0
    assert sorted(lines) == ["one", "three", "two"]


def test_captured_output_is_returned_and_not_shown(shell, lines, tmp_path):
    done = sh(shell, tmp_path, "echo out; echo err >&2", capture=True)
    assert done.output == "out\n"
    assert lines == []


def test_a_failure_is_an_error_with_the_last_lines(shell, tmp_path):
    with pytest.raises(ToolError, match="sh failed with status 3") as caught:
        sh(shell, tmp_path, "for i in $(seq 100); do echo $i; done; exit 3")
    assert caught.value.output.splitlines() == [str(i) for i in range(61, 101)]


def test_a_failure_can_be_asked_for(shell, tmp_path):
    assert sh(shell, tmp_path, "exit 3", check=False).status == 3


def test_the_reason_of_a_captured_failure_is_what_it_said_on_standard_error(shell, tmp_path):
    with pytest.raises(ToolError) as caught:
        sh(shell, tmp_path, "echo data; echo why >&2; exit 1", capture=True)
    assert caught.value.output == "why"


def test_a_missing_program_is_an_error(shell, tmp_path):
    with pytest.raises(ToolError, match="no-such-program is missing"):
        shell.run(("no-such-program",), cwd=tmp_path)
    assert shell.which("no-such-program") is None


def test_folder_environment_and_input_are_given(shell, tmp_path):
    done = sh(shell, tmp_path, "pwd; echo $COLOUR; cat", capture=True, env={"COLOUR": "blue"}, stdin=b"in")
    assert done.output == f"{os.path.realpath(tmp_path)}\nblue\nin"


def test_a_program_that_reads_finds_nothing(shell, tmp_path):
    assert sh(shell, tmp_path, "cat; echo end", capture=True).output == "end\n"


def test_output_that_is_no_text_does_no_harm(shell, lines, tmp_path):
    sh(shell, tmp_path, r"printf '\377\n'")
    assert lines == ["�"]


def test_an_interrupt_ends_the_program_and_what_it_started(shell, tmp_path, heeds_interrupts):
    """The program's child writes its process id; it must be gone when run has raised."""
    timer = threading.Timer(0.4, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        sh(shell, tmp_path, "sleep 60 & echo $! > child; wait")
    timer.join()
    child = Path("/proc", (tmp_path / "child").read_text().strip(), "stat")
    limit = time.monotonic() + 5
    while lives(child) and time.monotonic() < limit:
        time.sleep(0.02)
    assert not lives(child)


def lives(stat: Path) -> bool:
    """Tell whether a process runs; one that only waits to be collected does not."""
    try:
        return stat.read_text().split()[2] != "Z"
    except OSError:
        return False
