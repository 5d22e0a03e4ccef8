"""Tells Slack, or other services, of a report: gathers, prints and sends it within a limit of time.

A bot writes one message for a deployment: it is changed while hosts follow, and becomes the report. Nobody is
notified of a change, so that bad news, and news that call somebody, get an answer: of that people are notified.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dray.errors import DrayError, StepError
from dray.notify.access import find_sender, list_access_secrets
from dray.notify.blocks import build_blocks, build_fallback
from dray.notify.delivery import deliver, hide_secrets
from dray.notify.mention import format_mention
from dray.notify.report import Event
from dray.notify.secrets import list_secrets, redact
from dray.notify.services import name_service, send_plain
from dray.notify.slack import Bot, Message, parse_posted, send
from dray.notify.text import render_plain, render_slack

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dray.core.context import Context
    from dray.core.secret import Secret
    from dray.notify.access import SlackOptions
    from dray.notify.report import Report

_ROOM = 0.5
"""Seconds before the limit at which Slack is given up, so that the warning says why."""

_TOLD = "told"
"""What is remembered of a message that has no name."""


def tell_slack(
    options: SlackOptions, ctx: Context, collect: Callable[[], Report], *, limit: float, alert: bool = True
) -> bool:
    """Send a report to Slack; warn where it fails, and tell whether it is there.

    Args:
        options: Where to, and how.
        ctx: The outside world; ``told`` names a message that becomes the report.
        collect: Gathers the facts.
        limit: The seconds that all of it may take.
        alert: Whether anybody is called.
    """
    secrets = list_secrets(ctx, *list_access_secrets(options, ctx))
    ends = ctx.clock.monotonic() + limit - _ROOM

    def work() -> bool:
        sender = find_sender(options, ctx)
        mention = format_mention(options.mention) if options.mention and alert else ""
        report = hide_secrets(collect(), secrets)
        paragraphs = render_slack(report, ctx.templates)
        text, place = build_fallback(paragraphs, mention), parse_posted(ctx.told)
        blocks = build_blocks(paragraphs, mention)
        message = Message(text, blocks, options.thread or "", place)
        posted = send(message, sender, limit=ends - ctx.clock.monotonic())
        if posted is not None and posted == place and alert and (mention or report.event is not Event.DONE):
            answer = Message(text, (), options.thread or posted.ts, broadcast=not options.thread)
            send(answer, sender, limit=ends - ctx.clock.monotonic())
        ctx.console.result(f"told {sender.channel if isinstance(sender, Bot) else 'Slack'}")
        return True

    return deliver("slack", ctx, secrets, work, limit=limit) is True


def tell_slack_progress(
    options: SlackOptions, ctx: Context, collect: Callable[[], Report], *, wanted: bool | None, limit: float
) -> str:
    """Send Slack how far a deployment is: the beginning once, what follows only as a change of that message.

    Args:
        options: Where to, and how.
        ctx: The outside world; ``told`` is what this function has returned before.
        collect: Gathers the facts.
        wanted: Whether it is sent; None where the message can be changed, which only bots can.
        limit: The seconds that all of it may take.

    Returns:
        What names the message, or says that there is one; empty for none.
    """
    secrets = list_secrets(ctx, *list_access_secrets(options, ctx))
    ends = ctx.clock.monotonic() + limit - _ROOM

    def work() -> str:
        sender = find_sender(options, ctx)
        if not isinstance(sender, Bot) and (ctx.told or not wanted):
            return ctx.told
        paragraphs = render_slack(hide_secrets(collect(), secrets), ctx.templates)
        message = Message(
            build_fallback(paragraphs), build_blocks(paragraphs), options.thread or "", parse_posted(ctx.told)
        )
        return str(send(message, sender, limit=ends - ctx.clock.monotonic()) or _TOLD)

    if wanted is False:
        return ""
    return deliver("slack", ctx, secrets, work, limit=limit) or ""


def tell_services(urls: Sequence[str | Secret], ctx: Context, collect: Callable[[], Report], *, limit: float) -> bool:
    """Send a report to the services that apprise knows; warn where one fails, and tell whether all have it.

    Args:
        urls: Their addresses.
        ctx: The outside world.
        collect: Gathers the facts.
        limit: The seconds that all of it may take.
    """
    secrets: list[str] = []

    def work() -> bool:
        if not urls:
            raise StepError("there is no address to send to", hint='notify(env("NOTIFY_URL"))')
        addresses = [ctx.reveal(url) for url in urls]
        secrets.extend(list_secrets(ctx, *addresses))
        report = hide_secrets(collect(), secrets)
        title, *body = render_plain(report, ctx.templates) or (report.headline,)
        failed = 0
        for address in addresses:
            try:
                send_plain(address, title, "\n\n".join(body) or title, report.event)
            except DrayError as error:
                failed += 1
                hint = f"; {error.hint}" if error.hint else ""
                ctx.console.warn(redact(f"notify: {error.what}{hint}", secrets))
        told = len(addresses) - failed
        ctx.console.result(f"told {told} of {len(addresses)}" if failed else _list_told(addresses))
        return not failed

    return deliver("notify", ctx, secrets, work, limit=limit) is True


def _list_told(addresses: Sequence[str]) -> str:
    return f"told {', '.join(f'{name_service(address)}://' for address in addresses)}"
