"""The one place that turns what went wrong into text and an exit status."""

from __future__ import annotations

import errno
import os
import subprocess
import sys

import pytest

from dray.ahead import start_ahead
from dray.cli.main import dray, run


@pytest.fixture
def failing(monkeypatch):
    def fail_with(error):
        def fail(*arguments, **named):
            raise error

        monkeypatch.setattr(dray, "main", fail)

    return fail_with


@pytest.mark.parametrize(("number", "path"), [(errno.ENOSPC, None), (errno.EFBIG, "/x/lock"), (errno.EROFS, "/x")])
def test_what_the_machine_refuses_is_no_bug(failing, capsys, number, path):
    failing(OSError(number, os.strerror(number), path))
    assert run([]) == 1
    shown = capsys.readouterr().err.splitlines()
    assert shown[0] == f"error: {os.strerror(number)}" + (f": {path}" if path else "")
    assert shown[1] == "hint: nothing is half-written; mend the cause and run it again"


def test_any_other_error_is_a_bug(failing, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    failing(FileNotFoundError(errno.ENOENT, "No such file", "/x"))
    assert run([]) == 70
    assert "this is a bug" in capsys.readouterr().err


def test_an_interruption_is_said(failing, capsys):
    failing(KeyboardInterrupt())
    assert run([]) == 130
    assert capsys.readouterr().err.startswith("error: interrupted")


@pytest.mark.parametrize("status", [0, 1])
def test_the_program_ends_with_the_status_of_its_command(monkeypatch, status):
    def end(context):
        context.exit(status)

    monkeypatch.setattr(dray, "invoke", end)
    assert run(["build"]) == status


@pytest.mark.parametrize("error", [None, KeyboardInterrupt()], ids=["a success", "an interruption"])
def test_a_beam_that_was_started_for_nothing_is_ended(failing, tmp_path, error):
    call = (("sh", "-c", "echo > begun"), str(tmp_path), dict(os.environ))
    ahead = start_ahead(call, waiting=("sh", "-c", 'test "$(cat "$DRAY_GATE")" = go && echo > begun'))
    if error:
        failing(error)
    run(["--version"], ahead)
    assert ahead.take(call) is None
    assert not (tmp_path / "begun").exists()


def test_an_interruption_is_said_where_python_made_another_error_of_it(failing, capsys):
    error = RuntimeError("Error calling __set_name__")
    error.__cause__ = KeyboardInterrupt()
    failing(error)
    assert run([]) == 130
    assert capsys.readouterr().err.startswith("error: interrupted")


def test_causes_that_form_a_ring_are_a_bug_and_no_endless_loop(failing, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    one, two = ValueError("one"), ValueError("two")
    one.__context__, two.__context__ = two, one
    failing(one)
    assert run([]) == 70
    assert "this is a bug" in capsys.readouterr().err


def test_an_interruption_that_python_remembers_does_not_change_the_exit_status(tmp_path):
    """Python ends itself by SIGINT where an exec() of text was interrupted, even if that was handled."""
    (tmp_path / "program.py").write_text(
        "import dray.cli.main as program\n"
        "def run(arguments, ahead):\n"
        "    try:\n"
        "        exec('raise KeyboardInterrupt')\n"
        "    except KeyboardInterrupt:\n"
        "        return 130\n"
        "program.run = run\n"
        "program.main()\n"
    )
    assert subprocess.run((sys.executable, "-m", "program"), cwd=tmp_path, check=False).returncode == 130
