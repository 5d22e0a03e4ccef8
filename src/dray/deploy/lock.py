"""The locks of a deployment: every host gives one, and has one deployment at a time.

    lock = build_lock(owner, "ann@desk deploys shop since 12:00")
    async with open_party(hosts, place, board, connections=20, first=(lock,)) as party:
        await confirm_locks(party.members, lock)

A host is asked for its lock before it says what it is and has; it gives it back when the connection ends.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from dray.deploy.session import HostRefusedError
from dray.errors import RemoteError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dray.deploy.member import Member

_LOCKED = "locked: "
_TRIES, _WAIT_SECONDS = 8, 0.25
"""How often a host is asked again that somebody else has locked, who did not get the first one."""


def build_lock(owner: str, text: str) -> tuple[str, ...]:
    """Return the command by which a host gives its lock.

    Args:
        owner: A word by which a host knows whose lock it is, should it be left over.
        text: What others are told.
    """
    return "lock", owner, text


async def confirm_locks(members: Iterable[Member], lock: tuple[str, ...]) -> None:
    """See that every host has given its lock, when it was asked for it first.

    Of two who begin at the same time, one gets that of the first host, and waits until the other gives the rest back.

    Args:
        members: The hosts.
        lock: The command by which they give it.

    Raises:
        RemoteError: Somebody else deploys to one of them.
    """
    first, *others = members
    _require_lock(first.refusal)
    for _ in range(_TRIES):
        refused = [member for member in others if _is_locked(member.refusal)]
        if not refused:
            break
        await asyncio.sleep(_WAIT_SECONDS)
        answers = await asyncio.gather(*(member.session.ask_each(lock) for member in refused))
        for member, (answer,) in zip(refused, answers, strict=True):
            member.refusal = answer if isinstance(answer, HostRefusedError) else None
    for member in others:
        _require_lock(member.refusal)


def _is_locked(refusal: HostRefusedError | None) -> bool:
    return refusal is not None and refusal.reason.startswith(_LOCKED)


def _require_lock(refusal: HostRefusedError | None) -> None:
    if refusal is None:
        return
    if not _is_locked(refusal):
        raise refusal
    raise RemoteError(
        f"{refusal.host} is being deployed to: {refusal.reason.removeprefix(_LOCKED)}",
        hint=f"wait for it; if nobody does: dray unlock {refusal.host}",
    )
