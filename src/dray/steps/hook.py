"""The step ``hook``: lets the launcher run a shell file at a named moment."""

from __future__ import annotations

from dray.core.context import Context
from dray.core.release import Release
from dray.core.step import step


@step(reads_tree=False, repeatable=True)
def hook(release: Release, ctx: Context, point: str, path: str) -> Release:
    """Add a hook: a shell file that the launcher runs on the host.

    Hooks run in the order of the pipeline. Those of ``rel/hooks/POINT/*.sh`` need no step: ``assemble`` adds them.

    Args:
        release: Named by the step ``release``.
        ctx: The outside world.
        point: When it runs: pre_configure, post_configure, pre_start, post_start, pre_stop, post_stop, status,
            pre_upgrade or post_upgrade.
        path: The file, relative to the project.

    Returns:
        The release with the hook.
    """
    from dray.assemble.facts import facts_of
    from dray.assemble.hooks import add_hook_file

    facts_of(release)
    return add_hook_file(release, ctx.root, point, path)
