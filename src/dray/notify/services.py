"""Sends plain text to the services that apprise knows: mail, Matrix, Teams, Telegram, ntfy and a hundred others.

An address names the service and holds what it asks for, ``mailto://user:password@example.com``; all of it is secret.
apprise is not part of dray: it weighs more than dray itself.
"""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

from dray.errors import StepError
from dray.notify.secrets import redact
from dray.notify.words import clip

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dray.notify.report import Event

INSTALL = "pip install 'dray[notify]', or pipx inject dray apprise where dray came with pipx"
_BODY_LENGTH = 30_000
_KINDS = {"done": "success", "failed": "failure", "interrupted": "warning"}


def send_plain(url: str, title: str, body: str, event: Event) -> None:
    """Send a text to one service.

    Args:
        url: Its address, as apprise writes it.
        title: The first line.
        body: The rest.
        event: What happened.

    Raises:
        StepError: apprise is missing, does not know the service, or could not deliver.
    """
    try:
        import apprise  # noqa: PLC0415 - 100 ms, and an extra
    except ImportError:
        raise StepError("the package apprise is not installed", hint=INSTALL) from None
    scheme = name_service(url)
    asset = apprise.AppriseAsset(app_id="dray", app_desc="dray", async_mode=False, secure_logging=True)
    with _listening() as heard:
        service = apprise.Apprise(asset=asset)
        if not service.add(url):
            raise StepError(
                f"apprise cannot read the address {scheme}://...",
                hint="https://github.com/caronc/apprise/wiki lists services and their addresses",
            )
        sent = service.notify(
            body=body[:_BODY_LENGTH],
            title=title,
            notify_type=apprise.NotifyType(_KINDS.get(event.value, "info")),
            body_format=apprise.NotifyFormat.TEXT,
        )
    if not sent:
        reason = redact("; ".join(heard[:3]), (url,))
        raise StepError(f"{scheme}:// did not take the message{': ' if reason else ''}{reason}")


def name_service(url: str) -> str:
    """Return what may be shown of an address."""
    scheme, found, _ = url.partition("://")
    return scheme if found and scheme.isalnum() and len(scheme) <= 20 else "?"


@contextlib.contextmanager
def _listening() -> Iterator[list[str]]:
    """Gather what apprise logs meanwhile, and let nobody else see it: it may hold the address."""
    heard: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(clip(record.getMessage(), 200))

    logger, listener = logging.getLogger("apprise"), Listener(logging.WARNING)
    propagates, logger.propagate = logger.propagate, False
    logger.addHandler(listener)
    try:
        yield heard
    finally:
        logger.removeHandler(listener)
        logger.propagate = propagates
