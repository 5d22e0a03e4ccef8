"""Delivers notifications without ever failing what they speak of: whatever goes wrong becomes a warning."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, TypeVar

from dray.errors import DrayError
from dray.limit import run_within
from dray.notify.report import map_texts
from dray.notify.secrets import redact

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dray.core.context import Context
    from dray.notify.report import Report

T = TypeVar("T")

LIMIT = 30.0
"""Seconds that a notification may take: facts, templates and all tries."""


def deliver(step: str, ctx: Context, secrets: Sequence[str], work: Callable[[], T], *, limit: float) -> T | None:
    """Do what sends a notification, and return what it returns; warn where it fails, and return None.

    Args:
        step: The step that sends, for the warning.
        ctx: The outside world.
        secrets: What must not stand in the warning.
        work: Sends.
        limit: The seconds that it may take.
    """
    try:
        return run_within(limit, work)
    except TimeoutError:
        ctx.console.warn(f"{step}: gave up after {limit:.3g} s")
    except DrayError as error:
        hint = f"; {error.hint}" if error.hint else ""
        ctx.console.warn(redact(f"{step}: {error.what}{hint}", secrets))
    except Exception as error:  # noqa: BLE001 - the text of an unknown error may hold an address
        ctx.console.warn(f"{step}: the notification failed: {type(error).__name__}")
    return None


def hide_secrets(report: Report, secrets: Sequence[str]) -> Report:
    """Return a report without secrets in what it says of failures and hosts: such text was written by others."""

    def hide(text: str) -> str:
        return redact(text, secrets)

    return dataclasses.replace(
        report, trouble=map_texts(report.trouble, hide), rollouts=map_texts(report.rollouts, hide)
    )
