"""Delivers notifications without ever failing what they speak of: whatever goes wrong becomes a warning."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from dray.errors import DrayError
from dray.limit import run_within
from dray.notify.report import map_texts
from dray.notify.secrets import redact

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dray.core.context import Context
    from dray.notify.report import Report

LIMIT = 30.0
"""Seconds that a notification may take: facts, templates and all tries."""


def deliver(step: str, ctx: Context, secrets: Sequence[str], work: Callable[[], None], *, limit: float) -> bool:
    """Do what sends a notification; warn where it fails, and tell whether it worked.

    Args:
        step: The step that sends, for the warning.
        ctx: The outside world.
        secrets: What must not stand in the warning.
        work: Sends.
        limit: The seconds that it may take.
    """
    try:
        run_within(limit, work)
    except TimeoutError:
        ctx.console.warn(f"{step}: gave up after {limit:.3g} s")
    except DrayError as error:
        hint = f"; {error.hint}" if error.hint else ""
        ctx.console.warn(redact(f"{step}: {error.what}{hint}", secrets))
    except Exception as error:  # noqa: BLE001 - the text of an unknown error may hold an address
        ctx.console.warn(f"{step}: the notification failed: {type(error).__name__}")
    else:
        return True
    return False


def hide_secrets(report: Report, secrets: Sequence[str]) -> Report:
    """Return a report without secrets in what it says of a failure: that text was written by others."""
    return dataclasses.replace(report, trouble=map_texts(report.trouble, lambda text: redact(text, secrets)))
