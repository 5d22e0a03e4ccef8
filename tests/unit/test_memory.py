"""Answers are taken again only for the same question, and only whole."""

from __future__ import annotations

import pytest

from dray.memory import Memory


@pytest.fixture
def memory(tmp_path):
    return Memory(tmp_path / "memory")


def refuse():
    raise AssertionError("this is known")


def test_an_answer_is_worked_out_once(memory):
    assert memory.is_empty
    assert memory.recall("a/b", "why?", lambda: b"because") == b"because"
    assert memory.recall("a/b", "why?", refuse) == b"because"
    assert not memory.is_empty


def test_another_question_has_its_own_answer(memory):
    memory.recall("a", "why?", lambda: b"because")
    assert memory.recall("a", "how?", lambda: b"so") == b"so"
    assert memory.recall("a", "why?", lambda: b"anew") == b"anew"


def test_an_answer_can_be_looked_for_and_kept(memory):
    assert memory.find("a", "why?") is None
    memory.keep("a", "why?", b"because")
    assert memory.find("a", "why?") == b"because"
    assert memory.find("a", "how?") is None


def test_question_and_answer_are_not_confused(memory):
    memory.recall("a", "wh", lambda: b"y")
    assert memory.recall("a", "why", lambda: b"") == b""


@pytest.mark.parametrize(
    "damage", [lambda data: b"", lambda data: data[:-3], lambda data: b"\xff" + data, bytes.swapcase]
)
def test_a_damaged_answer_is_worked_out_again(memory, damage):
    memory.recall("a", "why?", lambda: b"because of it")
    (kept,) = memory.folder.iterdir()
    kept.write_bytes(damage(kept.read_bytes()))
    assert memory.recall("a", "why?", lambda: b"because of it") == b"because of it"


def test_a_memory_that_cannot_be_written_is_no_error(memory):
    memory.folder.write_text("a file")
    assert memory.recall("a", "why?", lambda: b"because") == b"because"
