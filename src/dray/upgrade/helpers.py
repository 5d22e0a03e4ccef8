"""The modules that the host loads into a running node before it installs a version: ``beam/dray_*.erl``, compiled.

They are compiled with the relups, in the same start of the BEAM, and kept between builds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.upgrade.systools import FOLDER

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dray.memory import Memory


@dataclass(frozen=True, slots=True)
class Helpers:
    """The sources, and where what was compiled of them is kept.

    Args:
        memory: Keeps it.
        otp: The version of Erlang/OTP that compiles.
        folder: Where the sources are.
    """

    memory: Memory
    otp: str
    folder: Path = FOLDER

    def list_missing(self) -> tuple[Path, ...]:
        """Return the sources that are not compiled yet."""
        return tuple(
            source for source in self._list_sources() if self.memory.find(source.name, self._key(source)) is None
        )

    def keep(self, compiled: Mapping[Path, bytes]) -> tuple[tuple[str, bytes], ...]:
        """Return the names and bytes of all modules, and keep those that were compiled now."""
        modules = []
        for source in self._list_sources():
            key = self._key(source)
            if source in compiled:
                self.memory.keep(source.name, key, compiled[source])
            kept = compiled.get(source) or self.memory.find(source.name, key)
            if kept is not None:
                modules.append((f"{source.stem}.beam", kept))
        return tuple(modules)

    def _list_sources(self) -> list[Path]:
        return sorted(self.folder.glob("dray_*.erl"))

    def _key(self, source: Path) -> str:
        return f"{self.otp}\0{source.read_text(encoding='utf-8')}"
