"""The libraries that are installed on a Debian machine, as dpkg knows them: its own ``symbols`` and ``shlibs`` files.

They are exact where the data of ``catalogue`` is a selection: every symbol of every package that the machine has.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from dray.package.deb.symbols import find_plain_name, parse_shlibs, parse_symbols

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dray.package.deb.library import Library

DPKG_INFO = Path("/var/lib/dpkg/info")
_ARCHITECTURES = {
    "x86_64": "amd64",
    "aarch64": "arm64",
    "arm": "armhf",
    "i686": "i386",
    "powerpc64le": "ppc64el",
    "riscv64": "riscv64",
    "s390x": "s390x",
    "loongarch64": "loong64",
}
_SECTION_END = re.compile(rb"\n(?![ |*#])")
_SONAME = re.compile(rb"^([^ |*#\n]+) ", re.MULTILINE)


class InstalledLibraries:
    """The libraries of the packages that are installed, read when they are asked for.

    Args:
        info: dpkg's folder of control files.
        cpu: The machine that they are for, such as ``x86_64``; packages of other architectures are left out.
    """

    def __init__(self, info: Path, cpu: str) -> None:
        self._info = info
        self._cpu = cpu
        self._symbols = b"\n" + b"\n".join(path.read_bytes() for path in self._list(".symbols"))
        self._shlibs = {
            library.soname: library
            for path in self._list(".shlibs")
            for library in parse_shlibs(path.read_text(encoding="utf-8", errors="replace"))
        }

    def find_library(self, soname: str) -> Library | None:
        """Return a library; None where no installed package describes it."""
        start = self._symbols.find(f"\n{soname} ".encode())
        if start >= 0:  # the rest is six megabytes on a usual machine, and not looked at
            end = _SECTION_END.search(self._symbols, start + 1)
            text = self._symbols[start + 1 : end.start() if end else None]
            return parse_symbols(text.decode("utf-8", "replace"))[0]
        return self._shlibs.get(find_plain_name(soname) or "")

    def list_sonames(self) -> tuple[str, ...]:
        """Return the names of the libraries whose symbols are described, sorted."""
        return tuple(sorted({name.decode() for name in _SONAME.findall(self._symbols)}))

    def _list(self, suffix: str) -> Iterator[Path]:
        wanted = {"", _ARCHITECTURES.get(self._cpu, self._cpu)}
        for path in sorted(self._info.glob(f"*{suffix}")):
            if path.name.removesuffix(suffix).partition(":")[2] in wanted:
                yield path


@lru_cache(maxsize=4)
def read_installed(info: Path, cpu: str) -> InstalledLibraries:
    """Return the libraries of the packages that are installed."""
    return InstalledLibraries(info, cpu)
