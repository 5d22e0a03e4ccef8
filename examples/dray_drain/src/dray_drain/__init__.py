"""A plugin of dray that adds to what the launcher does on the host: hooks, and a block of a template."""

from dray import Context, Release, add_hook, step


@step(reads_tree=False, repeatable=True)
def drain(release: Release, ctx: Context, *, seconds: int = 10) -> Release:
    """Take the system out of the load balancer before it stops.

    The load balancer sends requests as long as the file ``in_rotation`` is in the folder ``RELEASE_TMP``.

    Args:
        release: The release.
        ctx: The outside world.
        seconds: How long the load balancer may take to notice.

    Returns:
        The release with two hooks.
    """
    enter = b'touch "$RELEASE_TMP/in_rotation"\n'
    leave = f'rm -f "$RELEASE_TMP/in_rotation"\nlog "draining for {seconds} s"\nsleep {seconds}\n'.encode()
    release = add_hook(release, "post_start", enter, origin="drain")
    return add_hook(release, "pre_stop", leave, origin="drain")
