"""What the last build worked out, kept for the next one: an answer is taken again when the question is the same.

memory.recall("start.boot", question, lambda: encode(script))

Answers can be lost or damaged at any time; then they are worked out again.
"""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.disk import read_sealed, write_sealed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Memory:
    """Answers in a folder, one file for each name.

    Args:
        folder: Where they are kept.
    """

    folder: Path

    @property
    def is_empty(self) -> bool:
        """Whether nothing is remembered yet."""
        return not self.folder.is_dir()

    def find(self, name: str, question: str) -> bytes | None:
        """Return the answer that is kept for a question; None where there is none.

        Args:
            name: What the question is about; of several questions about one thing, the last is remembered.
            question: Everything that the answer depends on.
        """
        key = _key_of(question)
        kept = read_sealed(self._file(name))
        return kept[len(key) :] if kept is not None and kept.startswith(key) else None

    def keep(self, name: str, question: str, answer: bytes) -> None:
        """Keep the answer to a question."""
        with contextlib.suppress(OSError):  # what cannot be kept is worked out again
            write_sealed(self._file(name), _key_of(question) + answer)

    def recall(self, name: str, question: str, answer: Callable[[], bytes]) -> bytes:
        """Return the answer to a question.

        Args:
            name: What the question is about.
            question: Everything that the answer depends on.
            answer: Works it out where it is not kept.
        """
        kept = self.find(name, question)
        if kept is not None:
            return kept
        fresh = answer()
        self.keep(name, question, fresh)
        return fresh

    def _file(self, name: str) -> Path:
        return self.folder / name.replace("/", "%")


def _key_of(question: str) -> bytes:
    return hashlib.sha256(question.encode()).digest()
