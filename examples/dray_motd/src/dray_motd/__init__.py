"""A plugin of dray, whole: one step in one function."""

from dray import Context, File, Release, step


@step(reads_tree=False, repeatable=True)
def motd(release: Release, ctx: Context, *, text: str = "Welcome") -> Release:
    """Put a message of the day at etc/motd of the release.

    Args:
        release: The release.
        ctx: The outside world.
        text: What comes before the release's name.

    Returns:
        The release with one more file.
    """
    return release.add(File("etc/motd", f"{text} to {release.name} {release.version}\n".encode()))
