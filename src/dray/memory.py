"""What the last build worked out, kept for the next one: an answer is taken again when the question is the same.

memory.recall("start.boot", question, lambda: encode(script))

Answers can be lost or damaged at any time; then they are worked out again.
"""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_SEAL_SIZE = 32


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
        try:
            kept = file.read_bytes()
        except OSError:
            kept = b""
        if kept[:_SEAL_SIZE] == _seal(question, kept[_SEAL_SIZE:]):
            return kept[_SEAL_SIZE:]
        fresh = answer()
        self._keep(file, _seal(question, fresh) + fresh)
        return fresh

    def _keep(self, file: Path, data: bytes) -> None:
        temporary = file.with_name(f".{file.name}.new")
        with contextlib.suppress(OSError):  # what cannot be kept is worked out again
            self.folder.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(data)
            temporary.replace(file)


def _seal(question: str, answer: bytes) -> bytes:
    """Return what shows that an answer is whole, and belongs to this question."""
    return hashlib.sha256(question.encode() + b"\0" + answer).digest()
