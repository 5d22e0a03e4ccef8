"""Finds the libraries that files need in one distribution, and says what is wrong where there is none.

The rules are those of ``shlibs``, which puts several distributions together.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.package.deb.catalogue import read_catalogue
from dray.package.deb.installed import read_installed
from dray.package.deb.needed import collect_relations, find_missing_versions
from dray.package.deb.relations import join_relations

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dray.native.needs import Needs
    from dray.package.deb.library import Library
    from dray.package.deb.relations import Relation


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Why a file cannot be loaded on a distribution.

    Args:
        file: The file.
        soname: The library that it needs.
        distribution: The distribution.
        reason: What is wrong, to be read after the three.
    """

    file: str
    soname: str
    distribution: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file} needs {self.soname} on {self.distribution}: {self.reason}"


class LibraryFinder:
    """Collects what files need of one distribution.

    Args:
        files: All native code of the package.
        distribution: The distribution.
        info: dpkg's folder of control files, where the machine runs that distribution.

    Raises:
        ConfigError: dray does not know the distribution.
    """

    def __init__(self, files: tuple[Needs, ...], distribution: str, info: Path | None) -> None:
        self._files = files
        self._distribution = distribution
        self._info = info
        self._catalogue = read_catalogue(distribution)
        self._paths = frozenset(file.file for file in files)
        self._own = frozenset(name for file in files for name in (file.soname, posixpath.basename(file.file)) if name)
        self._known: dict[tuple[str, str], Library | None] = {}
        self.problems: set[Problem] = set()
        self.users: dict[str, str] = {}

    def collect(self) -> Iterator[tuple[str, tuple[Relation, ...]]]:
        """Yield the relations for each library that is needed."""
        by_soname: dict[str, list[Relation]] = {}
        for needs in self._files:
            if needs.uses_musl:
                reason = "it was built with musl, and a Debian package is for glibc"
                name = next((name for name in needs.needed if "musl" in name or name == "libc.so"), needs.interpreter)
                self._report(needs, name, reason)
                continue
            for soname, library in self._list_libraries(needs):
                missing = find_missing_versions(needs, library)
                if missing:
                    self._report(needs, soname, f"that library has no {', '.join(missing)} there")
                by_soname.setdefault(soname, []).extend(collect_relations(needs, library))
                self.users.setdefault(soname, needs.file)
        for soname in sorted(by_soname):
            yield soname, join_relations(by_soname[soname])

    def _list_libraries(self, needs: Needs) -> Iterator[tuple[str, Library]]:
        for soname in dict.fromkeys(needs.needed):
            if self._is_beside(needs, soname):
                continue
            library = self._find(soname, needs.cpu)
            if library is not None:
                yield soname, library
            elif soname not in self._own:
                self._report(needs, soname, "no package that dray knows has it")

    def _find(self, soname: str, cpu: str) -> Library | None:
        if (soname, cpu) not in self._known:
            installed = read_installed(self._info, cpu).find_library(soname) if self._info else None
            self._known[soname, cpu] = installed or self._catalogue.find_library(soname)
        return self._known[soname, cpu]

    def _is_beside(self, needs: Needs, soname: str) -> bool:
        """Tell whether a file of the release is what the dynamic linker finds first."""
        here = posixpath.dirname(needs.file)
        for folder in needs.search:
            for word in ("$ORIGIN", "${ORIGIN}"):
                if folder.startswith(word):
                    place = posixpath.normpath(posixpath.join(here, f".{folder.removeprefix(word)}", soname))
                    if place in self._paths:
                        return True
        return False

    def _report(self, needs: Needs, soname: str, reason: str) -> None:
        self.problems.add(Problem(needs.file, soname, self._distribution, reason))
