"""What one file needs of one library: the relations for the symbols that it takes, and the versions it would miss.

As dpkg-shlibdeps(1) has it: linking against a library needs its lowest version, and each symbol raises that. Beyond
that, a needed symbol version counts by itself, since the dynamic linker looks for it before any symbol: no symbol is
of ``GLIBC_ABI_DT_RELR``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dray.package.deb.library import BASE
from dray.package.deb.relations import fill_template
from dray.package.debian_version import version_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dray.native.needs import Needs
    from dray.package.deb.library import Library
    from dray.package.deb.relations import Relation


def find_missing_versions(needs: Needs, library: Library) -> tuple[str, ...]:
    """Return the symbol versions that a file needs and a library lacks, sorted."""
    wanted = {item.name for item in needs.versions if item.soname == library.soname and not item.weak}
    return tuple(sorted(version for version in wanted if not library.has_version(version)))


def collect_relations(needs: Needs, library: Library) -> tuple[Relation, ...]:
    """Return the relations for what a file takes of a library."""
    strongest = {library.depends[0]: library.minimum}
    for need in _iterate_needs(needs, library):
        version, _, number = need.partition(" ")
        place = int(number or 0)
        template = library.depends[place] if place < len(library.depends) else library.depends[0]
        strongest[template] = max(strongest.get(template, version), version, key=version_key)
    return tuple(relation for template, version in strongest.items() for relation in fill_template(template, version))


def _iterate_needs(needs: Needs, library: Library) -> Iterator[str]:
    for symbol in needs.symbols:
        if symbol.soname == library.soname:
            yield library.find_need(symbol.name, symbol.version)
        elif not symbol.version:
            yield library.find_need(symbol.name, BASE)
    used = {symbol.version for symbol in needs.symbols if symbol.soname == library.soname}
    for item in needs.versions:
        if item.soname == library.soname and item.name not in used:
            yield library.find_need(item.name, item.name)
