"""The step ``overlay``: lays the files of a folder over the release."""

from __future__ import annotations

from dray.core.context import Context
from dray.core.release import Release
from dray.core.step import step


@step(reads_tree=False, repeatable=True)
def overlay(release: Release, ctx: Context, path: str) -> Release:
    """Add all files of a folder, as they lie in it, at the root of the release.

    ``rel/overlays`` needs no step: it is added by ``assemble``.

    Args:
        release: The release.
        ctx: The outside world.
        path: The folder, relative to the project.

    Returns:
        The release with the files.
    """
    from dray.assemble.overlays import list_overlay

    return release.add(*list_overlay(ctx.root / path))
