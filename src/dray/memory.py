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

    def recall(self, name: str, question: str, answer: Callable[[], bytes]) -> bytes:
        """Return the answer to a question.

        Args:
            name: What the question is about; of several questions about one thing, the last is remembered.
            question: Everything that the answer depends on.
            answer: Works it out.
        """
        file = self.folder / name.replace("/", "%")
        key = hashlib.sha256(question.encode()).digest()
        kept = read_sealed(file)
        if kept is not None and kept.startswith(key):
            return kept[len(key) :]
        fresh = answer()
        with contextlib.suppress(OSError):  # what cannot be kept is worked out again
            write_sealed(file, key + fresh)
        return fresh
