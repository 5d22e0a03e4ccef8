"""Whom a message in Slack calls: ``here``, ``channel``, ``everyone``, or the ID of a member or of a user group."""

from __future__ import annotations

import re

from dray.errors import ConfigError

_ALL = frozenset({"here", "channel", "everyone"})
_MEMBER = re.compile(r"[UW][A-Z0-9]{2,20}\Z")
_GROUP = re.compile(r"S[A-Z0-9]{2,20}\Z")


def format_mention(given: str) -> str:
    """Return a mention in Slack's markup.

    Raises:
        ConfigError: It is none.
    """
    name = given.strip().removeprefix("@")
    if name in _ALL:
        return f"<!{name}>"
    if _MEMBER.match(name):
        return f"<@{name}>"
    if _GROUP.match(name):
        return f"<!subteam^{name}>"
    raise ConfigError(
        "mention is here, channel, everyone, or the ID of a member or a user group",
        got=given,
        hint='an ID looks like U024BE7LH; "Copy member ID" in a profile of Slack shows it',
    )
