"""How Slack is reached: as a bot, or by a webhook; what the step was given, else what the environment has.

Variables: ``SLACK_BOT_TOKEN`` together with a channel, else ``SLACK_WEBHOOK_URL`` or ``SLACK_WEBHOOK``.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from dray.core.option import Option, read_options
from dray.core.secret import Secret  # noqa: TC001 - the options' types are read when they are used
from dray.errors import ConfigError, StepError
from dray.notify.slack import API, Bot, Webhook

if TYPE_CHECKING:
    from dray.core.context import Context
    from dray.notify.slack import Sender

TOKEN = "SLACK_BOT_TOKEN"  # noqa: S105 - a variable's name
WEBHOOKS = ("SLACK_WEBHOOK_URL", "SLACK_WEBHOOK")


@dataclass(frozen=True, slots=True)
class SlackOptions:
    """The options of the step ``slack``.

    Args:
        channel: The channel, ``"#deploys"`` or its ID. A webhook has a channel of its own.
        token: The token of a bot; by default ``SLACK_BOT_TOKEN`` of the environment.
        webhook: The address of an incoming webhook; by default ``SLACK_WEBHOOK_URL`` of the environment.
        mention: Whom to call: ``"here"``, ``"channel"``, ``"everyone"``, the ID of a member or of a user group.
        only: ``"failure"`` keeps silent where all went well, ``"success"`` where something failed.
        thread: The message (its ``ts``) to answer to; for bots.
        api: Where Slack's Web API is, for bots; by default ``https://slack.com/api/``.
        progress: Whether the beginning of a deployment is told; by default by bots, whose message is kept up to date.
    """

    channel: str | None = None
    token: Secret | None = None
    webhook: Secret | None = None
    mention: str | None = None
    only: Literal["success", "failure"] | None = None
    thread: str | None = None
    api: str | None = None
    progress: bool | None = None


def list_options() -> tuple[Option, ...]:
    """Return the options, as a step has them: by name alone."""
    return tuple(replace(option, positional=False) for option in read_options(SlackOptions, skip=0))


def find_sender(options: SlackOptions, ctx: Context) -> Sender:
    """Return the way into Slack.

    Raises:
        StepError: There is none.
        ConfigError: A secret has no value.
    """
    if options.webhook is not None:
        return _open_webhook(ctx.reveal(options.webhook))
    if options.token is not None:
        return _open_bot(ctx.reveal(options.token), options)
    token = ctx.environ.get(TOKEN, "")
    webhook = next((ctx.environ[name] for name in WEBHOOKS if ctx.environ.get(name)), "")
    if token and (options.channel or not webhook):
        return _open_bot(token, options)
    if webhook:
        return _open_webhook(webhook)
    raise StepError(
        "there is neither a webhook nor a token of Slack",
        hint=f"export {WEBHOOKS[0]}=..., or {TOKEN}=... with slack(channel=...)",
    )


def list_access_secrets(options: SlackOptions, ctx: Context) -> tuple[str, ...]:
    """Return the values by which Slack may be reached, none of which may be seen."""
    found = [ctx.environ.get(name, "") for name in (TOKEN, *WEBHOOKS)]
    for secret in (options.token, options.webhook):
        if secret is not None:
            with contextlib.suppress(ConfigError, ValueError):  # one that cannot be read is not seen either
                found.append(ctx.reveal(secret))
    return tuple(value for value in found if value)


def _open_webhook(url: str) -> Webhook:
    if not url.strip().startswith(("https://", "http://")):
        raise StepError("a webhook is an address that begins with https://")
    return Webhook(url.strip())


def _open_bot(token: str, options: SlackOptions) -> Bot:
    if not options.channel:
        raise StepError("a bot needs a channel", hint='slack(channel="#deploys")')
    if not (token.strip().isascii() and token.strip().isprintable()):
        raise StepError("a token is one line of letters and digits")
    return Bot(token.strip(), options.channel, options.api or API)
