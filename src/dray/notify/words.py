"""Texts of bounded length: what comes from commits, errors and file names can be of any."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_MINUTE = 60


def clip(text: str, limit: int = 120) -> str:
    """Return a text as one line of at most ``limit`` characters, without what no screen shows."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"


def join_some(words: Sequence[str], limit: int = 10, *, length: int = 60) -> str:
    """Return words as an enumeration: at most ``limit`` of them, none longer than ``length``."""
    listed = ", ".join(clip(word, length) for word in words[:limit])
    return listed if len(words) <= limit else f"{listed} and {len(words) - limit} more"


def format_size(size: int) -> str:
    """Return a size as dray prints it."""
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.1f} kB"


def format_duration(seconds: float) -> str:
    """Return a duration as somebody says it."""
    whole = round(seconds)
    if seconds < 10:
        return f"{seconds:.1f} s"
    if whole < _MINUTE:
        return f"{whole} s"
    minutes, rest = divmod(whole, _MINUTE)
    if minutes < _MINUTE:
        return f"{minutes} min {rest} s"
    return f"{minutes // _MINUTE} h {minutes % _MINUTE} min"
