"""Which applications make a release, and in which order a boot script loads and starts them.

Follows ``systools``: the same checks, and the same order, which is that of the ``.rel`` file except where an
application needs one that stands behind it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dray.core.term import Atom
from dray.errors import ProjectError

if TYPE_CHECKING:
    from dray.core.application import AppSpec, Mode


@dataclass(frozen=True, slots=True)
class BootApplication:
    """An application as a boot script needs it.

    Args:
        spec: What its ``.app`` file says.
        mode: How it is started.
        path: Its ``ebin`` as the script names it, ``$ROOT/lib/kernel-8.5/ebin``.
    """

    spec: AppSpec
    mode: Mode
    path: str


def order_applications(applications: tuple[BootApplication, ...]) -> list[BootApplication]:
    """Return the applications in the order in which they are loaded and started.

    Raises:
        ProjectError: They cannot be one release: one is missing, some need each other in a circle, or two
            register the same name, include the same application or hold the same module.
    """
    _require_present(applications)
    _require_single_owner(applications, "registered", "register the name")
    _require_single_owner(applications, "included_applications", "include the application")
    _require_single_owner(applications, "modules", "hold the module")
    rank = {app.spec.name: index for index, app in enumerate(applications)}
    tops = _Tops(applications)
    prepared = [replace(app, spec=_prepare(app.spec, tops, rank)) for app in applications]
    return _sort(prepared)


def _require_present(applications: tuple[BootApplication, ...]) -> None:
    present = {app.spec.name for app in applications}
    for app in applications:
        spec = app.spec
        needed = [name for name in spec.applications if name not in spec.optional_applications]
        for name in (*needed, *spec.included_applications):
            if name not in present:
                raise ProjectError(f"{spec.name} needs the application {name}, which is not in the release")


def _require_single_owner(applications: tuple[BootApplication, ...], field: str, verb: str) -> None:
    counts = Counter(item for app in applications for item in getattr(app.spec, field))
    item, count = counts.most_common(1)[0] if counts else ("", 0)
    if count > 1:
        owners = [app.spec.name for app in applications if item in getattr(app.spec, field)]
        raise ProjectError(f"two applications {verb} {item}: {' and '.join(owners)}")


class _Tops:
    """Finds the application that, in the end, includes another one."""

    def __init__(self, applications: tuple[BootApplication, ...]) -> None:
        self.includer: dict[str, str] = {
            included: app.spec.name for app in applications for included in app.spec.included_applications
        }

    def of(self, name: str) -> str:
        seen = {name}
        while name in self.includer:
            name = self.includer[name]
            if name in seen:
                raise ProjectError(f"the application {name} includes itself")
            seen.add(name)
        return name


def _prepare(spec: AppSpec, tops: _Tops, rank: dict[str, int]) -> AppSpec:
    """Return the spec with the applications that it needs as the order must see them.

    One that another application includes is replaced by the one that includes it, since that starts it.
    """
    uses = list(spec.applications)
    own_top = tops.of(spec.name)
    for used in spec.applications:
        if used == own_top:
            uses.remove(used)
        elif used in tops.includer:
            top = tops.of(used)
            if top in uses:
                uses.remove(used)
            elif top != own_top:
                uses.remove(used)
                uses.append(Atom(top))
    return replace(
        spec,
        applications=_by_rank(uses, rank),
        included_applications=_by_rank(list(spec.included_applications), rank),
    )


def _by_rank(names: list[Atom], rank: dict[str, int]) -> tuple[Atom, ...]:
    """Return names in the order of the release, those that are not in it (optional ones) last."""
    return tuple(sorted(names, key=lambda name: rank.get(name, len(rank))))


def _sort(applications: list[BootApplication]) -> list[BootApplication]:
    """Return the applications so that each comes after those that it needs.

    Those that one needs and that still wait are put before it, and all is tried again; an application that
    has been seen and is found waiting again closes a circle.
    """
    waiting = list(applications)
    seen: set[str] = set()
    ordered: list[BootApplication] = []
    while waiting:
        app, rest = waiting[0], waiting[1:]
        name = app.spec.name
        wanted = (*app.spec.applications, *app.spec.included_applications)
        by_name = {other.spec.name: other for other in rest}
        first = [
            by_name[other]
            for other in dict.fromkeys(wanted)
            if other in by_name and name not in by_name[other].spec.included_applications
        ]
        circle = [other.spec.name for other in first if other.spec.name in seen]
        if circle:
            raise ProjectError(
                f"applications need each other in a circle: {', '.join(sorted({name, *circle}))}",
                hint="take one of them out of the other's applications in mix.exs",
            )
        seen.add(name)
        if first:
            moved = {other.spec.name for other in first}
            waiting = [*first, app, *(other for other in rest if other.spec.name not in moved)]
        else:
            ordered.append(app)
            waiting = rest
    return ordered
