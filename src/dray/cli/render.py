"""Errors as text: the one place where they become it.

error: tar has no option 'levl'; it has: name, level
  rel/config.py:7
  | build = release() | assemble() | tar(levl=9)
got: levl
hint: did you mean 'level'?
"""

from __future__ import annotations

import linecache
import os
import sys
from pathlib import Path

from dray.errors import DrayError, Location

_SHOWN_LINES = 30


def render_error(error: DrayError, *, show_output: bool = True) -> None:
    """Write an error to standard error.

    Args:
        error: The error.
        show_output: Whether to show what a failed program printed; not where the user has seen it already.
    """
    sys.stderr.write("\n".join(format_error(error, show_output=show_output)) + "\n")


def format_error(error: DrayError, *, show_output: bool = True) -> list[str]:
    """Return an error as lines."""
    lines = []
    if show_output and error.output:
        lines += [f"  | {line}".rstrip() for line in error.output.splitlines()[-_SHOWN_LINES:]]
    lines.append(f"error: {error.what}")
    if error.location is not None:
        lines += _format_location(error.location)
    if error.got is not None:
        lines.append(f"got: {error.got}")
    suggestion = error.suggestion()
    if suggestion is not None:
        lines.append(f"hint: did you mean {suggestion!r}?")
    if error.hint is not None:
        lines.append(f"hint: {error.hint}")
    return lines


def _format_location(location: Location) -> list[str]:
    source = linecache.getline(location.file, location.line).strip() if location.line else ""
    shown = Location(_shorten(location.file), location.line)
    return [f"  {shown}", *([f"  | {source}"] if source else [])]


def _shorten(file: str) -> str:
    path = Path(file)
    return os.path.relpath(path) if path.is_absolute() and path.is_relative_to(Path.cwd()) else file


def write_crash_log(error: BaseException) -> Path:
    """Write what a report of a bug needs to a file and return its path."""
    import tempfile  # noqa: PLC0415 - only for a bug
    import traceback  # noqa: PLC0415

    handle, name = tempfile.mkstemp(prefix="dray-crash-", suffix=".log", text=True)
    with os.fdopen(handle, "w", encoding="utf-8") as log:
        log.write(f"arguments: {sys.argv[1:]}\npython: {sys.version}\n\n")
        log.writelines(traceback.format_exception(error))
    return Path(name)
