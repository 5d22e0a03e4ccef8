"""Relations of a ``Depends`` field: read, written, and put together (deb-control(5), Debian Policy 7.1).

A relation is a tuple of alternatives; any of them will do. Relations of one package that only differ in the version
become the strongest of them; relations that hold on several distributions become alternatives.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.package.debian_version import version_key

if TYPE_CHECKING:
    from collections.abc import Iterable

_ALTERNATIVE = re.compile(r"\s*([a-z0-9][a-z0-9+.-]*)(?::\w+)?\s*(?:\(\s*(<<|<=|=|>=|>>)\s*([^\s)]+)\s*\))?\s*\Z")


@dataclass(frozen=True, slots=True, order=True)
class Alternative:
    """A package, and which versions of it.

    Args:
        package: Its name.
        operator: ``>=``, ``<<``, ...; empty for any version.
        version: The version that the operator compares with.
    """

    package: str
    operator: str = ""
    version: str = ""

    def __str__(self) -> str:
        return f"{self.package} ({self.operator} {self.version})" if self.operator else self.package


Relation = tuple[Alternative, ...]


def parse_relations(text: str) -> tuple[Relation, ...]:
    """Return the relations of a field; what is no relation is left out."""
    found = []
    for part in text.split(","):
        matches = [_ALTERNATIVE.match(one) for one in part.split("|")]
        relation = tuple(Alternative(one[1], one[2] or "", one[3] or "") for one in matches if one)
        if relation:
            found.append(relation)
    return tuple(found)


def fill_template(template: str, version: str) -> tuple[Relation, ...]:
    """Return the relations of a dependency template of a ``symbols`` file."""
    given = "" if version_key(version) <= version_key("0") else f"(>= {version})"
    return parse_relations(template.replace("#MINVER#", given))


def format_relation(relation: Relation) -> str:
    """Return a relation as a field has it: ``libssl3t64 (>= 3.0.0) | libssl3 (>= 3.0.0)``."""
    return " | ".join(map(str, relation))


def join_relations(relations: Iterable[Relation]) -> tuple[Relation, ...]:
    """Return relations that hold where all of the given ones do, sorted; of each kind the strongest."""
    strongest: dict[tuple[tuple[str, str], ...], Relation] = {}
    for relation in relations:
        key = tuple((one.package, "" if one.operator == ">=" else one.operator + one.version) for one in relation)
        known = strongest.get(key)
        strongest[key] = relation if known is None else tuple(map(_pick_newer, known, relation))
    return tuple(sorted(strongest.values()))


def offer_relations(relations: Iterable[Relation]) -> Relation:
    """Return a relation that holds where any of the given ones does: each package once, with its lowest version."""
    offered: dict[tuple[str, str], Alternative] = {}
    for one in (one for relation in relations for one in relation):
        key = (one.package, "" if one.operator == ">=" else one.operator + one.version)
        offered[key] = _pick_older(offered[key], one) if key in offered else one
    return tuple(offered.values())


def _pick_newer(one: Alternative, other: Alternative) -> Alternative:
    return max(one, other, key=_order)


def _pick_older(one: Alternative, other: Alternative) -> Alternative:
    return min(one, other, key=_order)


def _order(one: Alternative) -> tuple[bool, object]:
    return bool(one.operator), version_key(one.version or "0")
