"""The step ``file``: adds one file to the release."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dray.core.context import Context
from dray.core.release import Release
from dray.core.step import step
from dray.errors import StepError

if TYPE_CHECKING:
    from dray.core.contents import Source


@step(reads_tree=False, repeatable=True)
def file(
    release: Release,
    ctx: Context,
    path: str,
    *,
    source: str | None = None,
    content: str | None = None,
    mode: int | None = None,
) -> Release:
    """Add one file.

    Args:
        release: The release.
        ctx: The outside world.
        path: Where it goes, relative to the release's root.
        source: The file to copy, relative to the project.
        content: Its text, instead of a source.
        mode: Permission bits, such as ``0o755``; by default those of the source, and 0644 for a text.

    Returns:
        The release with the file.
    """
    from dray.core.contents import File, normalise_mode

    if (source is None) == (content is None):
        raise StepError("file: give either source= or content=")
    data: Source
    if source is not None:
        data = ctx.root / source
        if not data.is_file():
            raise StepError(f"file: there is no file {data}")
        mode = normalise_mode(data.stat().st_mode) if mode is None else mode
    else:
        data = (content or "").encode()
    try:
        return release.add(File(path, data, 0o644 if mode is None else mode))
    except ValueError as error:
        raise StepError(f"file: {error}") from None
