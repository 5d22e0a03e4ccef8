"""A finished file that a step made: a tar, a package, an image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Artifact:
    """One finished file.

    Args:
        kind: ``tar``, ``deb``, ...
        path: Where it is.
        size: In bytes.
        sha256: In hexadecimal.
    """

    kind: str
    path: Path
    size: int
    sha256: str
