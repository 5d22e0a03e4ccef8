"""The step ``slack``: tells a channel of Slack what the pipeline did, or why it did not get there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from dray.core.context import Context
from dray.core.release import Release
from dray.core.secret import Secret
from dray.core.step import step

if TYPE_CHECKING:
    from dray.core.failure import Failure
    from dray.core.progress import Progress


def tell_failure(  # noqa: PLR0913 - the options of the step
    failure: Failure,
    ctx: Context,
    *,
    channel: str | None = None,
    token: Secret | None = None,
    webhook: Secret | None = None,
    mention: str | None = None,
    only: Literal["success", "failure"] | None = None,
    thread: str | None = None,
    api: str | None = None,
    progress: bool | None = None,
) -> None:
    """Tell the channel that the pipeline failed; the options are those of ``slack``."""
    from dray.notify.access import SlackOptions
    from dray.notify.announce import tell_slack
    from dray.notify.collect import collect_failure

    del progress
    if only != "success" or ctx.told:  # a message that says that hosts follow must not stay
        options = SlackOptions(channel, token, webhook, mention, thread, api)
        alert = only != "success"
        tell_slack(options, ctx, lambda: collect_failure(failure, ctx), limit=failure.limit, alert=alert)


def tell_progress(  # noqa: PLR0913 - see above
    so_far: Progress,
    ctx: Context,
    *,
    channel: str | None = None,
    token: Secret | None = None,
    webhook: Secret | None = None,
    mention: str | None = None,
    only: Literal["success", "failure"] | None = None,
    thread: str | None = None,
    api: str | None = None,
    progress: bool | None = None,
) -> str:
    """Tell the channel how far a deployment is; the options are those of ``slack``."""
    from dray.notify.access import SlackOptions
    from dray.notify.announce import tell_slack_progress
    from dray.notify.collect import collect_progress

    if only == "failure":
        return ""
    options = SlackOptions(channel, token, webhook, mention, thread, api)
    return tell_slack_progress(
        options, ctx, lambda: collect_progress(so_far, ctx), wanted=progress, limit=so_far.limit
    )


# As if it read the tree: nobody is told of a release that is not written yet.
@step(on_failure=tell_failure, on_progress=tell_progress)
def slack(  # noqa: PLR0913 - see above
    release: Release,
    ctx: Context,
    *,
    channel: str | None = None,
    token: Secret | None = None,
    webhook: Secret | None = None,
    mention: str | None = None,
    only: Literal["success", "failure"] | None = None,
    thread: str | None = None,
    api: str | None = None,
    progress: bool | None = None,
) -> Release:
    """Tell a channel of Slack what is new, or that an earlier step failed.

    A notification that fails is a warning.

    Args:
        release: The release.
        ctx: The outside world.
        channel: The channel, ``"#deploys"`` or its ID. A webhook has a channel of its own.
        token: The token of a bot; by default ``SLACK_BOT_TOKEN`` of the environment.
        webhook: The address of an incoming webhook; by default ``SLACK_WEBHOOK_URL`` of the environment.
        mention: Whom to call: ``"here"``, ``"channel"``, ``"everyone"``, the ID of a member or of a user group.
        only: ``"failure"`` keeps silent where all went well, ``"success"`` where something failed.
        thread: The message (its ``ts``) to answer to; for bots.
        api: Where Slack's Web API is, for bots; by default ``https://slack.com/api/``.
        progress: Whether the beginning of a deployment is told; by default by bots, whose message is kept up to date.

    Returns:
        The release as it was.
    """
    from dray.notify.access import SlackOptions
    from dray.notify.announce import tell_slack
    from dray.notify.collect import collect_done
    from dray.notify.delivery import LIMIT
    from dray.notify.previous import remember_announced

    del progress
    if only != "failure":
        options = SlackOptions(channel, token, webhook, mention, thread, api)
        if tell_slack(options, ctx, lambda: collect_done(release, ctx), limit=LIMIT):
            remember_announced(release, ctx.work)
    return release
