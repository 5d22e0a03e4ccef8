"""The step ``assemble``: fills the release and puts it on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dray.assemble.build import assemble_release
from dray.core.step import step

if TYPE_CHECKING:
    from dray.core.context import Context
    from dray.core.release import Release


@step
def assemble(release: Release, ctx: Context) -> Release:
    """Fill the release with everything it needs to run, and put it at ``_build/ENV/rel/NAME``.

    From here on the tree on disk always equals the release: what later steps add is written, what they remove
    leaves the disk.

    Args:
        release: Named by the step ``release``.
        ctx: The outside world.

    Returns:
        The release, whole.
    """
    return assemble_release(release, ctx)
