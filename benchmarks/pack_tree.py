"""``python -m benchmarks.pack_tree TREE FILE [codec]``: pack a folder as dray packs a release; a program to be timed.

With ``codec``, the same bytes go through the same compressor and nowhere else: what packing needs besides is dray's.
"""

from __future__ import annotations

import sys
from pathlib import Path

from dray.core.contents import Entry, File, Symlink
from dray.package.deb.archive import write_deb
from dray.package.deb.codec import find_codec
from dray.package.deb.package import DebPackage

_FIELDS = (
    ("Package", "tree"),
    ("Version", "1.0-1"),
    ("Architecture", "amd64"),
    ("Maintainer", "Ann <ann@shop.example>"),
    ("Description", "a tree\n It is packed."),
)


def main(tree: Path, target: Path, *only: str) -> None:
    """Pack a folder."""
    codec = find_codec("zstd", 9)
    contents = tuple(_list_entries(tree))
    if only:
        parts = (entry.source.read_bytes() for entry in contents if isinstance(entry, File))  # type: ignore[union-attr]
        with target.open("wb") as file:
            for part in codec.compress(parts):
                file.write(part)
    else:
        write_deb(DebPackage(_FIELDS, contents), target, codec=codec, mtime=0)


def _list_entries(tree: Path) -> list[Entry]:
    entries: list[Entry] = []
    for path in tree.rglob("*"):
        name = f"usr/lib/tree/{path.relative_to(tree)}"
        if path.is_symlink():
            entries.append(Symlink(name, str(path.readlink())))
        elif path.is_file():
            entries.append(File(name, path, 0o755 if path.stat().st_mode & 0o100 else 0o644))
    return entries


main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
