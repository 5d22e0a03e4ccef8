"""Overlays: folders whose files are laid over a release, later ones over earlier ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dray.assemble.applications import list_folder
from dray.errors import ProjectError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dray.core.contents import Entry
    from dray.core.project import ReleaseDefinition


def list_overlay_entries(root: Path, definition: ReleaseDefinition) -> Iterator[Entry]:
    """Yield the files of the release's overlays: ``rel/overlays``, then those that ``overlays:`` names.

    Raises:
        ProjectError: A folder that is named does not exist.
    """
    default = root / definition.rel_templates_path / "overlays"
    if default.is_dir():
        yield from list_overlay(default)
    for name in definition.overlays:
        yield from list_overlay(root / name)


def list_overlay(folder: Path) -> Iterator[Entry]:
    """Yield the files of a folder as they lie in it, at the root of the release.

    Raises:
        ProjectError: There is no such folder.
    """
    if not folder.is_dir():
        raise ProjectError(f"the overlay {folder} is not a folder")
    yield from list_folder(folder, "")
