"""A report as text: the templates ``notify/slack.txt`` and ``notify/plain.txt``, which a project may replace."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dray.notify.report import map_texts

if TYPE_CHECKING:
    from dray.core.context import Templates
    from dray.notify.report import Report

_ESCAPES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))
_BETWEEN = re.compile(r"\n[ \t]*\n\s*\n*")


def render_plain(report: Report, templates: Templates) -> tuple[str, ...]:
    """Return the paragraphs of the plain text; the first one is its title."""
    return split_paragraphs(templates.render("notify/plain.txt", report=report))


def render_slack(report: Report, templates: Templates) -> tuple[str, ...]:
    """Return the paragraphs of the text in Slack's mrkdwn; the first one is the header."""
    return split_paragraphs(templates.render("notify/slack.txt", report=map_texts(report, escape)))


def split_paragraphs(text: str) -> tuple[str, ...]:
    """Return what stands between blank lines."""
    found = (part.strip("\n").rstrip() for part in _BETWEEN.split(text.strip("\n")))
    return tuple(part for part in found if part.strip())


def escape(text: str) -> str:
    """Return a text in which Slack sees no markup of its own: no mention, no link."""
    for plain, escaped in _ESCAPES:
        text = text.replace(plain, escaped)
    return text.replace("```", "'''")  # the one mark that reaches across lines


def unescape(text: str) -> str:
    """Return a text without escapes, for where Slack looks for no markup."""
    for plain, escaped in reversed(_ESCAPES):
        text = text.replace(escaped, plain)
    return text
