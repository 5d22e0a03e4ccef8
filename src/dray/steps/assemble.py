"""The step ``assemble``: fills the release and puts it on disk."""

from __future__ import annotations

from dray.core.context import Context
from dray.core.release import Release
from dray.core.step import step


@step(reads_tree=False, repeatable=True)
def assemble(release: Release, ctx: Context) -> Release:
    """Fill the release with everything it needs to run, and put it at ``_build/ENV/rel/NAME``.

    From here on the tree on disk always equals the release: what later steps add is written, what they remove
    leaves the disk. Functions in ``steps:`` of ``mix.exs`` run here, before and after.

    Args:
        release: Named by the step ``release``.
        ctx: The outside world.

    Returns:
        The release, whole.
    """
    from dray.assemble.build import assemble_release, tree_path
    from dray.assemble.facts import facts_of
    from dray.assemble.mix_steps import functions_after, run_after, run_before
    from dray.assemble.tree import sync_tree
    from dray.assemble.tree_index import tree_index_path

    _, definition = facts_of(release)
    tree = tree_path(release)
    whole = assemble_release(run_before(release, tree, ctx), ctx)
    if not functions_after(definition):
        return whole
    index = tree_index_path(ctx.work, release.name)
    written, _ = sync_tree(whole, tree, index)
    return run_after(written, tree, index, ctx)
