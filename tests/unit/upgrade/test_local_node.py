"""Which processes of this machine belong to a release that runs here for a moment."""

from pathlib import Path

import pytest

from dray.upgrade import local_node

_GONE = ProcessLookupError(3, "No such process")


@pytest.fixture
def processes(tmp_path, monkeypatch):
    """A folder that looks like /proc; return a function that adds a process with its command line."""
    monkeypatch.setattr(local_node, "_PROCESSES", tmp_path)

    def add(number, command):
        (tmp_path / number).mkdir()
        (tmp_path / number / "cmdline").write_bytes(command)

    return add


def find(folder):
    return sorted(local_node._find_processes(Path(folder)))


def test_the_processes_that_name_the_folder_are_found(processes):
    processes("7", b"/tmp/first/bin/run_erl\0")
    processes("8", b"/tmp/second/bin/run_erl\0")
    processes("9", b"epmd\0-dir\0/tmp/first/tmp\0")
    processes("self", b"/tmp/first/bin/run_erl\0")
    assert find("/tmp/first") == [7, 9]


def test_a_process_that_ends_while_they_are_listed_is_left_out(processes, monkeypatch):
    processes("7", b"/tmp/first/bin/run_erl\0")
    processes("8", b"/tmp/first/bin/run_erl\0")
    read, stat = Path.read_bytes, Path.stat

    def gone(path):
        if path.parent.name == "7":
            raise _GONE

    monkeypatch.setattr(Path, "read_bytes", lambda path: gone(path) or read(path))
    monkeypatch.setattr(Path, "stat", lambda path, **options: gone(path) or stat(path, **options))
    assert find("/tmp/first") == [8]


def test_a_machine_without_such_a_folder_has_none(tmp_path, monkeypatch):
    monkeypatch.setattr(local_node, "_PROCESSES", tmp_path / "none")
    assert find("/tmp/first") == []
