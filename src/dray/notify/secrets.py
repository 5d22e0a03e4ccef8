"""Keeps secrets out of what is said: whatever a library or a server puts into an error passes through here."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from dray.core.secret import Secret
from dray.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dray.core.context import Context

HIDDEN = "***"
_SHORTEST = 6
"""Shorter pieces of an address are words, such as ``services`` or a port; hiding them would hide all."""


def list_secrets(ctx: Context, *given: str) -> tuple[str, ...]:
    """Return the texts that must not be seen: the secrets of the configuration, and some more.

    Args:
        ctx: Knows the configuration.
        given: What a step was given.
    """
    found = list(given)
    for _, setting in ctx.settings.walk():
        if isinstance(setting.value, Secret):
            with contextlib.suppress(ConfigError, ValueError):  # one that cannot be read is not seen either
                found.append(ctx.reveal(setting.value))
    return tuple(found)


def redact(text: str, secrets: Iterable[str]) -> str:
    """Return a text without secrets, and without the parts of those that are addresses."""
    pieces = {piece for secret in secrets for piece in _list_pieces(secret) if piece}
    for piece in sorted(pieces, key=len, reverse=True):
        text = text.replace(piece, HIDDEN)
    return text


def _list_pieces(secret: str) -> set[str]:
    """Return a secret and, of an address, what makes it one: user, password, path and query, but not the host."""
    if "://" not in secret:
        return {secret} if len(secret) >= 4 else set()
    pieces = {secret}
    with contextlib.suppress(ValueError):
        parts = urlsplit(secret)
        inner = [parts.username or "", parts.password or "", *parts.path.split("/"), *parts.query.split("&")]
        inner += [part.partition("=")[2] for part in parts.query.split("&")]
        pieces |= {parts.path} if len(parts.path) >= _SHORTEST else set()
        pieces |= {piece for piece in inner if len(piece) >= _SHORTEST or piece == parts.password}
    return pieces | {unquote(piece) for piece in pieces} | {quote(piece, safe="") for piece in pieces}
