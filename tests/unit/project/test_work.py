"""dray's own folder: where Mix's build folder is, and one build at a time."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from dray.errors import StepError
from dray.project.program import work_folder
from dray.project.work import lock_work
from tests.fakes import FakeConsole

ROOT = Path("/p")


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "/p/_build/prod/.dray"),
        ({"MIX_TARGET": "rpi"}, "/p/_build/rpi_prod/.dray"),
        ({"MIX_TARGET": "host"}, "/p/_build/prod/.dray"),
        ({"MIX_BUILD_ROOT": "/out"}, "/out/prod/.dray"),
        ({"MIX_BUILD_PATH": "/elsewhere"}, "/elsewhere/.dray"),
        ({"MIX_BUILD_PATH": "inside"}, "/p/inside/.dray"),
    ],
)
def test_the_folder_lies_in_mixs_build_folder(environ, expected):
    assert work_folder(str(ROOT), "prod", environ) == expected


def test_a_second_build_waits_and_says_so(tmp_path):
    order = []
    console = FakeConsole()
    held, go = threading.Event(), threading.Event()

    def first():
        with lock_work(tmp_path / "w", FakeConsole()):
            held.set()
            go.wait(5)
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    held.wait(5)
    threading.Timer(0.05, go.set).start()
    with lock_work(tmp_path / "w", console):
        order.append("second")
    thread.join()
    assert order == ["first", "second"]
    assert "another build of this project is running" in console.lines[0]


def test_a_folder_that_cannot_be_written_is_an_error_with_a_way_out(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StepError) as caught, lock_work(tmp_path / "file" / "w", FakeConsole()):
        pass
    assert caught.value.hint is not None
    assert "MIX_BUILD_PATH" in caught.value.hint
