"""The project's own steps. dray imports this file through rel/config.py."""

import hashlib

from dray import Context, Release, step
from dray.steps import tar as built_in_tar


@step(name="tar")
def tar(release: Release, ctx: Context, *, level: int = 12) -> Release:
    """Pack the release as small as can be, with a file of checksums beside it.

    It has the name of the built-in step, so config("tar", ...) and --set tar.level=9 are for this one. The built-in
    one does the packing.
    """
    release = built_in_tar.run(release, ctx, level=level)
    for artifact in release.artifacts:
        sums = artifact.path.with_name(artifact.path.name + ".sha256")
        sums.write_text(f"{artifact.sha256}  {artifact.path.name}\n")
        ctx.console.result(f"{sums.name} written")
    return release


def count_files(release: Release, ctx: Context) -> Release:
    """Say how many files there are. A plain function is a step, too: it stands in a pipeline without parentheses."""
    digest = hashlib.sha256("\n".join(entry.path for entry in release.contents).encode()).hexdigest()
    ctx.console.result(f"{len(release.contents)} files, {digest[:8]}")
    return release
