"""Finds the packages that the native code of a release depends on, as dpkg-shlibdeps(1) does, without dpkg.

The rules, for each distribution that the package is made for:

- A library that a file finds in the release itself, by its RPATH or RUNPATH, is no dependency.
- Any other is a dependency on the package that has it in that distribution, from the version on that has all symbols
  which the file takes. A symbol needs what Debian's maintainers say; a symbol version that the library of the
  distribution lacks is a problem, since the file would not be loaded there.
- On the distribution that the machine runs, the ``symbols`` and ``shlibs`` files of its packages are asked first,
  then the data that ships with dray (``catalogue``).
- A library that no package has is a problem, unless another part of the release brings it.
- For several distributions, each library is a relation that holds on all of them: its packages become alternatives,
  the newest distribution first, and a package of one name needs the lowest version of them. That suits all: where a
  higher one was asked for, no lower one exists.

musl is refused: a Debian package is for glibc.

    >>> find_dependencies([read_needs(data, file="erts-15.2/bin/beam.smp")], ("debian-12", "debian-13")).relations
    ('libc6 (>= 2.34)', 'libgcc-s1 (>= 12)', 'libstdc++6 (>= 11)', 'libtinfo6 (>= 6)', 'zlib1g (>= 1:1.2.8)')
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.errors import ProjectError
from dray.package.deb.distribution import DISTRIBUTIONS
from dray.package.deb.finder import LibraryFinder, Problem
from dray.package.deb.installed import DPKG_INFO
from dray.package.deb.relations import format_relation, join_relations, offer_relations

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from dray.native.needs import Needs
    from dray.package.deb.relations import Relation


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
        machine: The distribution that this machine runs, if its packages are to be asked; see ``find_distribution``.
        info: dpkg's folder of control files, for the tests.

    Raises:
        ConfigError: dray does not know one of the distributions.
    """
    files = tuple(needs)
    problems: set[Problem] = set()
    found: dict[str, list[tuple[str, tuple[Relation, ...]]]] = {}
    users: dict[str, str] = {}
    for distribution in sorted(set(distributions), key=_order_distribution):
        finder = LibraryFinder(files, distribution, info if distribution == machine else None)
        for soname, needed in finder.collect():
            found.setdefault(soname, []).append((distribution, needed))
        problems |= finder.problems
        users |= finder.users
    relations: list[Relation] = []
    for soname, offers in found.items():
        common = _find_common([needed for _, needed in offers])
        if common is None:
            names = ", ".join(name for name, _ in offers)
            reason = "it takes what differs between them: build one for each"
            problems.add(Problem(users[soname], soname, names, reason))
        else:
            relations.extend(common)
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


def _find_common(offers: list[tuple[Relation, ...]]) -> tuple[Relation, ...] | None:
    """Return relations that hold on each of several distributions; None where there are none."""
    if len(set(offers)) == 1:
        return offers[0]
    if all(len(relations) == 1 for relations in offers):
        return (offer_relations(relations[0] for relations in offers),)
    return None


def _order_distribution(name: str) -> tuple[int, int]:
    """Return the place of a distribution among alternatives: Debian first, and the newest first."""
    return int(not name.startswith("debian")), -DISTRIBUTIONS.index(name) if name in DISTRIBUTIONS else 0
