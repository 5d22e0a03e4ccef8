"""Finds the packages that the native code of a release depends on, as dpkg-shlibdeps(1) does, without dpkg.

The rules, for each distribution that the package is made for:

- A library that a file finds in the release itself, by its RPATH or RUNPATH, is no dependency.
- Any other is a dependency on the package that has it in that distribution, from the version on that has all symbols
  which the file takes. A symbol needs what Debian's maintainers say; a symbol version that the library of the
  distribution lacks is a problem, since the file would not be loaded there.
- On the distribution that the machine runs, the ``symbols`` and ``shlibs`` files of its packages are asked first, then
  the data that ships with dray (``catalogue``).
- A library that no package has is a problem, unless another part of the release brings it.
- For several distributions, each library is a relation that holds on all of them: its packages become alternatives,
  the newest distribution first, and a package of one name needs the lowest version of them. That suits all: where a
  higher one was asked for, no lower one exists.

musl is refused: a Debian package is for glibc.

    >>> find_dependencies([read_needs(data, file="erts-15.2/bin/beam.smp")], ("debian-12", "debian-13")).relations
    ('libc6 (>= 2.34)', 'libgcc-s1 (>= 12)', 'libstdc++6 (>= 11)', 'libtinfo6 (>= 6)', 'zlib1g (>= 1:1.2.8)')
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.errors import ProjectError
from dray.package.deb.catalogue import read_catalogue
from dray.package.deb.distribution import DISTRIBUTIONS
from dray.package.deb.installed import DPKG_INFO, read_installed
from dray.package.deb.needed import collect_relations, find_missing_versions
from dray.package.deb.relations import format_relation, join_relations, offer_relations

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
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


@dataclass(frozen=True, slots=True)
class Dependencies:
    """What native code depends on.

    Args:
        relations: For the field ``Depends``, sorted.
        problems: What cannot be found; the relations are of the rest.
    """

    relations: tuple[str, ...]
    problems: tuple[Problem, ...] = ()


def find_dependencies(
    needs: Iterable[Needs],
    distributions: tuple[str, ...],
    *,
    machine: str | None = None,
    info: Path = DPKG_INFO,
) -> Dependencies:
    """Return what native code depends on.

    Args:
        needs: All native code of the package, each with its path in the release: libraries of it are no dependency.
        distributions: What the package is made for, such as ``debian-12``.
        machine: The distribution that this machine runs, where its packages are to be asked; see ``find_distribution``.
        info: dpkg's folder of control files, for the tests.

    Raises:
        ConfigError: dray does not know one of the distributions.
    """
    files = tuple(needs)
    problems: set[Problem] = set()
    found: dict[str, list[tuple[str, tuple[Relation, ...]]]] = {}
    users: dict[str, str] = {}
    for distribution in sorted(set(distributions), key=_order_distribution):
        finder = _Finder(files, distribution, info if distribution == machine else None)
        for soname, relations in finder.collect():
            found.setdefault(soname, []).append((distribution, relations))
        problems |= finder.problems
        users |= finder.users
    relations: list[Relation] = []
    for soname, offers in found.items():
        if len({item for _, item in offers}) == 1:
            relations.extend(offers[0][1])
        elif all(len(item) == 1 for _, item in offers):
            relations.append(offer_relations(item[0] for _, item in offers))
        else:
            names = ", ".join(name for name, _ in offers)
            problems.add(Problem(users[soname], soname, names, "it takes what differs between them: build one for each"))
    return Dependencies(tuple(map(format_relation, join_relations(relations))), tuple(sorted(problems)))


def validate_dependencies(dependencies: Dependencies) -> None:
    """Refuse native code that cannot be loaded where the package is installed.

    Raises:
        ProjectError: There are problems.
    """
    if dependencies.problems:
        first, *others = dependencies.problems
        more = f" (and {len(others)} more)" if others else ""
        raise ProjectError(
            f"the package would not run where it is installed: {first}{more}",
            hint="build the native code on the oldest distribution that the package is for, or leave the file out",
            output="\n".join(map(str, dependencies.problems)) if others else None,
        )


def _order_distribution(name: str) -> tuple[int, int]:
    """Return the place of a distribution among alternatives: Debian first, and the newest first."""
    return int(not name.startswith("debian")), -DISTRIBUTIONS.index(name) if name in DISTRIBUTIONS else 0


class _Finder:
    """Collects what files need of one distribution."""

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
