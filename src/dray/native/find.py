"""Finds native code: files that are machine code by their first bytes."""

from __future__ import annotations

import os
from pathlib import Path

ELF_MAGIC = b"\x7fELF"
_MAGIC = (ELF_MAGIC, b"\xcf\xfa\xed\xfe")
"""ELF, and Mach-O for 64 bits."""


def is_native(head: bytes) -> bool:
    """Tell whether a file that begins with these bytes is machine code."""
    return head.startswith(_MAGIC)


def is_native_file(path: Path) -> bool:
    """Tell whether a file is machine code; one that cannot be read is not."""
    try:
        with path.open("rb") as file:
            return is_native(file.read(4))
    except OSError:
        return False


def list_native_files(folder: Path) -> list[Path]:
    """Return the files below a folder that are machine code, sorted; none where the folder does not exist."""
    paths = (Path(parent, name) for parent, _, names in os.walk(folder) for name in names)
    return sorted(path for path in paths if is_native_file(path))
