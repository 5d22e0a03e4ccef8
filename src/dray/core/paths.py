"""Paths as people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def display_path(path: Path, root: Path) -> str:
    """Return a path relative to the project where it lies in it."""
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
