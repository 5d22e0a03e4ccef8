"""What ``config(...)`` calls add up to: a tree of values, each with the place that it came from.

Sections are named like the step (or the release) that they configure; a section may have named parts, as in
``config("fleet", "web", hosts=[...])``. Dicts merge key by key, anything else is replaced by the later
value, as in ``config.exs``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from dray.core.option import Setting

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dray.errors import Location

Node: TypeAlias = "Setting | dict[str, Node]"


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of a configuration.

    Args:
        tree: Section, part (``""`` for none) and key, then the value's own keys where it is a dict.
    """

    tree: Mapping[tuple[str, str], dict[str, Node]]

    @property
    def sections(self) -> tuple[str, ...]:
        """The names of the sections, each once, in the order of their first appearance."""
        return tuple(dict.fromkeys(section for section, _ in self.tree))

    def section(self, name: str, part: str = "") -> dict[str, Setting]:
        """Return a section's keys; a dict's origin is that of its value set last."""
        return {key: _collapse(node) for key, node in self.tree.get((name, part), {}).items()}

    def merge(self, section: str, part: str, values: Mapping[str, Any], location: Location | None) -> Settings:
        """Return the settings with values added; a later value wins over an earlier one."""
        tree = dict(self.tree)
        added = {key: _expand(value, location) for key, value in values.items()}
        tree[section, part] = _merge(tree.get((section, part), {}), added)
        return Settings(tree)

    def walk(self) -> Iterator[tuple[str, Setting]]:
        """Yield every single value with its dotted path, section first."""
        for (section, part), keys in self.tree.items():
            prefix = f"{section}.{part}" if part else section
            yield from _walk(prefix, keys)


EMPTY = Settings({})

OTHER_SECTIONS = frozenset({"cluster", "fleet", "hooks", "vm_args"})
"""Sections that belong to no step and to no release: they speak of the host that the release runs on."""


def _expand(value: Any, location: Location | None) -> Node:
    if isinstance(value, dict) and value:
        return {str(key): _expand(item, location) for key, item in value.items()}
    return Setting(value, location or "default")


def _merge(old: dict[str, Node], new: dict[str, Node]) -> dict[str, Node]:
    merged = dict(old)
    for key, node in new.items():
        before = merged.get(key)
        merged[key] = _merge(before, node) if isinstance(before, dict) and isinstance(node, dict) else node
    return merged


def _collapse(node: Node) -> Setting:
    if isinstance(node, Setting):
        return node
    parts = {key: _collapse(child) for key, child in node.items()}
    return Setting({key: part.value for key, part in parts.items()}, list(parts.values())[-1].origin)


def _walk(prefix: str, keys: dict[str, Node]) -> Iterator[tuple[str, Setting]]:
    for key, node in keys.items():
        path = f"{prefix}.{key}"
        if isinstance(node, Setting):
            yield path, node
        else:
            yield from _walk(path, node)
