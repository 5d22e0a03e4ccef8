"""Tells Slack, or other services, of a report: gathers, prints and sends it within a limit of time.

A rollout calls the same functions with reports of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dray.errors import DrayError, StepError
from dray.notify.access import find_sender, list_access_secrets
from dray.notify.blocks import build_blocks, build_fallback
from dray.notify.delivery import deliver, hide_secrets
from dray.notify.mention import format_mention
from dray.notify.secrets import list_secrets, redact
from dray.notify.services import name_service, send_plain
from dray.notify.slack import Bot, Message, send
from dray.notify.text import render_plain, render_slack

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dray.core.context import Context
    from dray.core.secret import Secret
    from dray.notify.access import SlackOptions
    from dray.notify.report import Report

_ROOM = 0.5
"""Seconds before the limit at which Slack is given up, so that the warning says why."""


def tell_slack(options: SlackOptions, ctx: Context, collect: Callable[[], Report], *, limit: float) -> str | None:
    """Send a report to Slack; warn where it fails.

    Args:
        options: Where to, and how.
        ctx: The outside world.
        collect: Gathers the facts.
        limit: The seconds that all of it may take.

    Returns:
        What names the message, for ``thread`` of those that answer to it; empty for webhooks, None where it failed.
    """
    secrets = list_secrets(ctx, *list_access_secrets(options, ctx))
    began = ctx.clock.monotonic()

    def work() -> str:
        sender = find_sender(options, ctx)
        mention = format_mention(options.mention) if options.mention else ""
        paragraphs = render_slack(hide_secrets(collect(), secrets), ctx.templates)
        blocks = build_blocks(paragraphs, mention)
        message = Message(build_fallback(paragraphs, mention), blocks, options.thread or "")
        thread = send(message, sender, limit=limit - _ROOM - (ctx.clock.monotonic() - began))
        ctx.console.result(f"told {sender.channel if isinstance(sender, Bot) else 'Slack'}")
        return thread

    return deliver("slack", ctx, secrets, work, limit=limit)


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
