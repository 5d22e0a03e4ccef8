"""A text in Slack's mrkdwn as a message of Block Kit, within all of Slack's limits.

Header, section and context block and text object as in https://docs.slack.dev/reference/block-kit: a header of at most
150 characters, texts of at most 3000, 50 blocks a message. A message whose blocks hold more than about 13,000
characters is refused with ``msg_blocks_too_long``, which no page says; the top-level ``text``, shown where blocks
are not, is best kept below 4,000 (https://docs.slack.dev/reference/methods/chat.postMessage).
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
WHOLE_LENGTH = 10_000
_MORE = "…"
_OPEN_ENTITY = re.compile(r"&[a-z]{0,3}\Z")


def build_blocks(paragraphs: Sequence[str], mention: str = "") -> tuple[Block, ...]:
    """Return the blocks of a message.

    Args:
        paragraphs: The first becomes the header, the last one small print, each of the others a section.
        mention: Whom to call, in Slack's markup.
    """
    header, *rest = paragraphs or ("",)
    footer = rest.pop() if len(rest) > 1 else ""
    sections = ([mention] if mention else []) + rest
    left = WHOLE_LENGTH - HEADER_LENGTH - measure(footer)
    blocks = [_header(header)]
    for text in _merge(sections, MOST_BLOCKS - 3):
        if left < 100:
            blocks.append(_section(_MORE))
            break
        shown = clamp(text, min(TEXT_LENGTH, left))
        blocks.append(_section(shown))
        left -= measure(shown)
    return (*blocks, _context(footer)) if footer else tuple(blocks)


def build_fallback(paragraphs: Sequence[str], mention: str = "") -> str:
    """Return the text of a message for where its blocks are not shown: notifications, screen readers."""
    first = paragraphs[0] if paragraphs else ""
    return clamp(f"{mention} {first}".strip() or "dray", FALLBACK_LENGTH)


def clamp(text: str, limit: int) -> str:
    """Return a text that Slack does not count as longer than ``limit``, cut after a line where one ends late."""
    if measure(text) <= limit:
        return text
    units = text.encode("utf-16-le", "replace")[: 2 * (limit - 2)]
    cut = units.decode("utf-16-le", "ignore")
    line = cut.rfind("\n")
    if line > len(cut) // 2:
        return f"{cut[:line]}\n{_MORE}"
    return f"{_OPEN_ENTITY.sub('', cut).rstrip()}{_MORE}"


def measure(text: str) -> int:
    """Return the length of a text in UTF-16 units, as JavaScript counts: no other count is greater."""
    return len(text.encode("utf-16-le", "replace")) // 2


def _merge(sections: list[str], most: int) -> list[str]:
    """Return the sections, the last ones joined where there are more than a message may have."""
    if len(sections) <= most:
        return sections
    return [*sections[: most - 1], "\n".join(sections[most - 1 :])]


def _header(text: str) -> Block:
    line = " ".join(unescape(text).split()) or "dray"
    return {"type": "header", "text": {"type": "plain_text", "text": clamp(line, HEADER_LENGTH), "emoji": True}}


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _context(text: str) -> Block:
    line = clamp(" ".join(text.split()), TEXT_LENGTH)
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": line}]}
