"""The step ``slack``: tells a channel of Slack what the pipeline did, or why it did not get there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from dray.core.context import Context
from dray.core.release import Release
from dray.core.secret import Secret
from dray.core.step import step

if TYPE_CHECKING:
    from dray.core.failure import Failure


def tell_failure(
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
) -> None:
    """Tell the channel that the pipeline failed; the options are those of ``slack``."""
    from dray.notify.access import SlackOptions
    from dray.notify.announce import tell_slack
    from dray.notify.collect import collect_failure

    if only != "success":
        options = SlackOptions(channel, token, webhook, mention, thread, api)
        tell_slack(options, ctx, lambda: collect_failure(failure, ctx), limit=failure.limit)


@step(on_failure=tell_failure)  # as if it read the tree: nobody is told of a release that is not written yet
def slack(
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

    Returns:
        The release as it was.
    """
    from dray.notify.access import SlackOptions
    from dray.notify.announce import tell_slack
    from dray.notify.collect import collect_done
    from dray.notify.delivery import LIMIT
    from dray.notify.previous import remember_announced

    if only != "failure":
        options = SlackOptions(channel, token, webhook, mention, thread, api)
        if tell_slack(options, ctx, lambda: collect_done(release, ctx), limit=LIMIT) is not None:
            remember_announced(release, ctx.work)
    return release
