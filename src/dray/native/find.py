"""Finds native code: files that are machine code by their first bytes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

ELF_MAGIC = b"\x7fELF"
_MAGIC = (
    ELF_MAGIC,
    b"\xcf\xfa\xed\xfe",  # Mach-O, 64 bits
    b"\xca\xfe\xba\xbe",  # Mach-O for several CPUs; also a Java class, which no priv folder holds as such
    b"MZ",
)


def is_native(head: bytes) -> bool:
    """Tell whether a file that begins with these bytes is machine code."""
    return head.startswith(_MAGIC)


def list_native_files(folder: Path) -> list[Path]:
    """Return the files below a folder that are machine code, sorted; none where the folder does not exist."""
    found = []
    for parent, _, names in os.walk(folder, followlinks=True):
        for name in names:
            path = folder.__class__(parent, name)
            try:
                with path.open("rb") as file:
                    if is_native(file.read(4)):
                        found.append(path)
            except OSError:
                continue
    return sorted(found)
