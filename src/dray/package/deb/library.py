"""A shared library as a distribution has it: which packages to depend on, and from which version on.

Most symbols of a symbol version came with one version of the package. So a library holds that one for each symbol
version, and the symbols that are exceptions: all of libcrypto, thousands of symbols, is four of them.

A *need* is written as in deb-symbols(5): a version, and after a blank the number of the dependency that it is of,
where that is not the first. ``0`` is no version.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

BASE = "Base"
"""The version of symbols without one."""


@dataclass(frozen=True, slots=True)
class Library:
    """A shared library.

    Args:
        soname: Its name.
        depends: What to depend on, with ``#MINVER#`` in the place of a version; the first is for most symbols.
        minimum: The version of the package that whatever links against the library needs at least.
        versions: The need of the symbols of each symbol version; empty where nothing is said of symbols.
        symbols: The needs that differ from that, by ``SYMBOL@VERSION``.
    """

    soname: str
    depends: tuple[str, ...]
    minimum: str = "0"
    versions: Mapping[str, str] = field(default_factory=dict)
    symbols: Mapping[str, str] = field(default_factory=dict)

    def has_version(self, version: str) -> bool:
        """Tell whether a symbol version exists; nothing is known of libraries whose symbols are not listed."""
        return not self.versions or version in self.versions

    def find_need(self, symbol: str, version: str) -> str:
        """Return the need of a symbol.

        Args:
            symbol: Its name; that of its version stands for the version itself.
            version: Its version, or ``Base``.
        """
        found = self.symbols.get(f"{symbol}@{version}")
        if found is not None:
            return found
        return self.minimum if version == BASE else self.versions.get(version, self.minimum)
