"""In which order modules are loaded: those that are called before those that call them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


def order_modules(uses: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """Return the modules so that each comes after those that it uses.

    In a circle, in which that cannot be, the names decide.

    Args:
        uses: Each module with those that it uses; others than these do not count.
    """
    ordered: dict[str, None] = {}
    for first in sorted(uses):
        if first in ordered:
            continue
        entered = {first}
        path = [(first, iter(_list_used(first, uses)))]
        while path:
            module, used = path[-1]
            following = next((name for name in used if name not in ordered and name not in entered), None)
            if following is None:
                ordered.setdefault(module)
                path.pop()
            else:
                entered.add(following)
                path.append((following, iter(_list_used(following, uses))))
    return tuple(ordered)


def _list_used(module: str, uses: Mapping[str, Collection[str]]) -> list[str]:
    return sorted(name for name in uses[module] if name in uses and name != module)
