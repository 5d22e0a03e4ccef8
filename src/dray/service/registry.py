"""The formats that are installed, dray's own included: what the entry-point group ``dray.services`` lists."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from dray.errors import PluginError, UsageError
from dray.service.format import ServiceFormat

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "dray.services"


def list_format_names() -> tuple[str, ...]:
    """Return the names of all formats, sorted, without loading them."""
    return tuple(sorted({point.name for point in entry_points(group=GROUP)}))


def load_format(name: str) -> ServiceFormat:
    """Return a format by its name; one of another package wins over dray's own.

    Raises:
        UsageError: There is no such format.
        PluginError: The format cannot be loaded, or is none.
    """
    points = sorted(entry_points(group=GROUP, name=name), key=lambda point: _package(point) == "dray")
    if not points:
        names = list_format_names()
        raise UsageError(f"there is no format {name}; there are: {', '.join(names)}", got=name, choices=names)
    package = _package(points[0])
    try:
        loaded = points[0].load()
    except Exception as error:
        raise PluginError(
            f"the format {name} of the package {package} cannot be loaded: {type(error).__name__}: {error}",
            hint=f"update the package or remove it: pip uninstall {package}",
        ) from error
    if not isinstance(loaded, ServiceFormat):
        raise PluginError(
            f"the package {package} registers {name}, which is no format of services",
            hint="it needs name, description, ignores, render and list_commands",
        )
    return loaded


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist else "unknown"
