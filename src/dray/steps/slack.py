"""The step ``slack``: tells a channel of Slack what the pipeline did, or why it did not get there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dray.core.step import StepDefinition

if TYPE_CHECKING:
    from dray.core.context import Context
    from dray.core.failure import Failure
    from dray.core.option import Option
    from dray.core.progress import Progress
    from dray.core.release import Release


def tell_failure(failure: Failure, ctx: Context, **settings: Any) -> None:
    """Tell the channel that the pipeline failed; the settings are those of ``slack``."""
    from dray.notify.access import SlackOptions
    from dray.notify.announce import tell_slack
    from dray.notify.collect import collect_failure

    options = SlackOptions(**settings)
    if options.only != "success" or ctx.told:  # a message that says that hosts follow must not stay
        alert = options.only != "success"
        tell_slack(options, ctx, lambda: collect_failure(failure, ctx), limit=failure.limit, alert=alert)


def tell_progress(so_far: Progress, ctx: Context, **settings: Any) -> str:
    """Tell the channel how far a deployment is; the settings are those of ``slack``."""
    from dray.notify.access import SlackOptions
    from dray.notify.announce import tell_slack_progress
    from dray.notify.collect import collect_progress

    options = SlackOptions(**settings)
    if options.only == "failure":
        return ""
    return tell_slack_progress(
        options, ctx, lambda: collect_progress(so_far, ctx), wanted=options.progress, limit=so_far.limit
    )


def tell_done(release: Release, ctx: Context, **settings: Any) -> Release:
    """Tell a channel of Slack what is new, or that an earlier step failed.

    A notification that fails is a warning.

    Args:
        release: The release.
        ctx: The outside world.
        settings: The fields of ``SlackOptions``.

    Returns:
        The release as it was.
    """
    from dray.notify.access import SlackOptions
    from dray.notify.announce import tell_slack
    from dray.notify.collect import collect_done
    from dray.notify.delivery import LIMIT
    from dray.notify.previous import remember_announced

    options = SlackOptions(**settings)
    if options.only != "failure" and tell_slack(options, ctx, lambda: collect_done(release, ctx), limit=LIMIT):
        remember_announced(release, ctx.work)
    return release


def _list_options() -> tuple[Option, ...]:
    from dray.notify.access import list_options

    return list_options()


# As if it read the tree: nobody is told of a release that is not written yet.
slack: StepDefinition[...] = StepDefinition(
    "slack", tell_done, _list_options, on_failure=tell_failure, on_progress=tell_progress
)
"""The step; its options are the fields of ``dray.notify.access.SlackOptions``."""
