"""A text in Slack's mrkdwn as a message of Block Kit, within all of Slack's limits.

Header, section, context block and text object as in https://docs.slack.dev/reference/block-kit: a header of at
most 150 characters, texts of at most 3000, 50 blocks a message. A message whose blocks are longer than about 13,000
characters of JSON is refused with ``msg_blocks_too_long``, which no page says; the top-level ``text``, shown where
blocks are not, is best kept below 4,000 (https://docs.slack.dev/reference/methods/chat.postMessage).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dray.notify.text import unescape

if TYPE_CHECKING:
    from collections.abc import Sequence

Block = dict[str, Any]

MOST_BLOCKS = 50
HEADER_LENGTH = 150
TEXT_LENGTH = 3000
FALLBACK_LENGTH = 3000
WHOLE_LENGTH = 12_000
BLOCK_LENGTH = 90  # of what is around a text in JSON, the ID that Slack adds included
_FOOTER_LENGTH = 1000
_MORE = "…"
_CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_OPEN_ENTITY = re.compile(r"&[a-z]{0,3}\Z")


def build_blocks(paragraphs: Sequence[str], mention: str = "") -> tuple[Block, ...]:
    """Return the blocks of a message.

    Args:
        paragraphs: The first becomes the header, the last one small print, each of the others a section.
        mention: Whom to call, in Slack's markup.
    """
    header, *rest = [_CONTROLS.sub(" ", text) for text in paragraphs] or [""]
    footer = rest.pop() if len(rest) > 1 else ""
    sections = ([mention] if mention else []) + rest
    small = [_context(footer)] if footer.strip() else []
    merged = _merge([text for text in sections if text.strip()], MOST_BLOCKS - 2)
    left = WHOLE_LENGTH - HEADER_LENGTH - _FOOTER_LENGTH - BLOCK_LENGTH * (len(merged) + 2)
    share = min(TEXT_LENGTH, _find_share([measure(text) for text in merged], left))
    return (_header(header), *(_section(clamp(text, share)) for text in merged), *small)


def build_fallback(paragraphs: Sequence[str], mention: str = "") -> str:
    """Return the text of a message for where its blocks are not shown: notifications, screen readers."""
    first = _CONTROLS.sub(" ", paragraphs[0]) if paragraphs else ""
    return clamp(f"{mention} {first}".strip() or "dray", FALLBACK_LENGTH)


def clamp(text: str, limit: int) -> str:
    """Return a text that Slack does not count as longer than ``limit``, cut after a line where one ends late."""
    if measure(text) <= limit:
        return text
    left, units = limit - 2, text.encode("utf-16-le", "replace")
    cut = text
    while measure(cut) > limit - 2:
        cut = units[: 2 * left].decode("utf-16-le", "ignore")
        left -= max(1, measure(cut) - (limit - 2))
    line = cut.rfind("\n")
    if line > len(cut) // 2:
        return f"{cut[:line]}\n{_MORE}"
    return f"{_OPEN_ENTITY.sub('', cut).rstrip()}{_MORE}"


def measure(text: str) -> int:
    """Return the length of a text in JSON, in UTF-16 units as JavaScript counts: no other count is greater."""
    return len(text.encode("utf-16-le", "replace")) // 2 + sum(text.count(char) for char in '\n"\\')


def _merge(sections: list[str], most: int) -> list[str]:
    """Return the sections, those before the last one joined where there are more than a message may have."""
    if len(sections) <= most:
        return sections
    return [*sections[: most - 2], "\n".join(sections[most - 2 : -1]), sections[-1]]


def _find_share(lengths: Sequence[int], whole: int) -> int:
    """Return the length to cut texts to, so that together they fit into ``whole``; short ones are not cut."""
    left, share = whole, whole
    for number, length in enumerate(sorted(lengths)):
        share = left // (len(lengths) - number)
        if length > share:
            break
        left -= length
    else:
        share = whole
    return share


def _header(text: str) -> Block:
    line = " ".join(unescape(text).split()) or "dray"
    return {"type": "header", "text": {"type": "plain_text", "text": clamp(line, HEADER_LENGTH), "emoji": True}}


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _context(text: str) -> Block:
    line = clamp(" ".join(text.split()), _FOOTER_LENGTH)
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": line}]}
