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


def list_native_files(folder: Path) -> list[Path]:
    """Return the files below a folder that are machine code, sorted; none where the folder does not exist."""
    found = []
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            try:
                with path.open("rb") as file:
                    if is_native(file.read(4)):
                        found.append(path)
            except OSError:
                continue
    return sorted(found)
