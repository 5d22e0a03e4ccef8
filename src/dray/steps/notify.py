"""The step ``notify``: tells mail, Matrix, Teams, Telegram and others what the pipeline did, or why it failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from dray.core.context import Context
from dray.core.release import Release
from dray.core.secret import Secret
from dray.core.step import step

if TYPE_CHECKING:
    from dray.core.failure import Failure
    from dray.core.progress import Progress


def tell_failure(
    failure: Failure,
    ctx: Context,
    *urls: str | Secret,
    only: Literal["success", "failure"] | None = None,
    progress: bool = False,
) -> None:
    """Tell the services that the pipeline failed; the options are those of ``notify``."""
    from dray.notify.announce import tell_services
    from dray.notify.collect import collect_failure

    del progress
    if only != "success":
        tell_services(urls, ctx, lambda: collect_failure(failure, ctx), limit=failure.limit)


def tell_progress(
    so_far: Progress,
    ctx: Context,
    *urls: str | Secret,
    only: Literal["success", "failure"] | None = None,
    progress: bool = False,
) -> str:
    """Tell the services that a deployment begins; the options are those of ``notify``."""
    from dray.notify.announce import tell_services
    from dray.notify.collect import collect_progress

    if progress and only != "failure" and not ctx.told:
        tell_services(urls, ctx, lambda: collect_progress(so_far, ctx), limit=so_far.limit)
        return "told"
    return ctx.told


# As if it read the tree: nobody is told of a release that is not written yet.
@step(on_failure=tell_failure, on_progress=tell_progress)
def notify(
    release: Release,
    ctx: Context,
    *urls: str | Secret,
    only: Literal["success", "failure"] | None = None,
    progress: bool = False,
) -> Release:
    """Tell other services what is new, or that an earlier step failed: mail, Matrix, Teams, Telegram, ...

    Needs the package apprise: ``pip install 'dray[notify]'``. A notification that fails is a warning.

    Args:
        release: The release.
        ctx: The outside world.
        urls: The addresses of services as apprise writes them, such as ``env("NOTIFY_URL")``.
        only: ``"failure"`` keeps silent where all went well, ``"success"`` where something failed.
        progress: Whether the beginning of a deployment is told, too.

    Returns:
        The release as it was.
    """
    from dray.notify.announce import tell_services
    from dray.notify.collect import collect_done
    from dray.notify.delivery import LIMIT
    from dray.notify.previous import remember_announced

    del progress
    if only != "failure" and tell_services(urls, ctx, lambda: collect_done(release, ctx), limit=LIMIT):
        remember_announced(release, ctx.work)
    return release
