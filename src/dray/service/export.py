"""Rendering a service in a format, and writing its files into a folder."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from dray.service.options import ServiceOptions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dray.core.context import Templates
    from dray.service.format import ServiceFile, ServiceFormat
    from dray.service.model import Service

_DEFAULTS = ServiceOptions()


@dataclass(frozen=True, slots=True)
class Written:
    """A file that was written.

    Args:
        path: Where it is.
        state: ``new``, ``unchanged`` or ``replaced``.
    """

    path: Path
    state: str


def write_files(files: tuple[ServiceFile, ...], folder: Path) -> tuple[Written, ...]:
    """Write files below a folder.

    Returns:
        Each file, with what became of an earlier one.
    """
    return tuple(_write_file(file, folder) for file in files)


def _write_file(file: ServiceFile, folder: Path) -> Written:
    path = folder / file.path
    path.parent.mkdir(parents=True, exist_ok=True)
    data = file.text.encode()
    state = "new"
    if path.exists():
        state = "unchanged" if path.read_bytes() == data else "replaced"
    if state != "unchanged":
        path.write_bytes(data)
    path.chmod(file.mode)
    return Written(path, state)


def render_format(
    chosen: ServiceFormat,
    options: ServiceOptions,
    service: Service,
    *,
    templates: Templates,
    warn: Callable[[str], None],
) -> tuple[ServiceFile, ...]:
    """Return the files of a format, and warn of the options that mean nothing to it.

    Args:
        chosen: The format.
        options: What the user said.
        service: The service that they describe.
        templates: Renders the files.
        warn: Called with each warning.

    Raises:
        ConfigError: The format cannot express what is asked.
    """
    for option in list_ignored(chosen, options):
        warn(f"{chosen.name} cannot do anything about {option}")
    return chosen.render(service, templates)


def list_ignored(chosen: ServiceFormat, options: ServiceOptions) -> tuple[str, ...]:
    """Return the options that the user has set and that mean nothing to the format, in the order of the options."""
    return tuple(
        option.name
        for option in fields(ServiceOptions)
        if option.name in chosen.ignores and getattr(options, option.name) != getattr(_DEFAULTS, option.name)
    )
