"""Takes one host to a version: switches, waits until it is well, and reads back what runs; or takes it back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dray.core.rollout import HostResult, Outcome
from dray.deploy.check import READY
from dray.deploy.host_state import BAD
from dray.deploy.session import HostRefusedError, read_report
from dray.errors import RemoteError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from dray.deploy.board import Board
    from dray.deploy.check import Check
    from dray.deploy.member import Member

_SHOWN_LINES = 20
_READY_SECONDS = "3"


async def activate_version(
    member: Member,
    version: str,
    *,
    how: str,
    checks: Iterable[Check],
    seconds: int,
    board: Board,
) -> HostResult:
    """Take a host to a version that is installed there.

    Args:
        member: The host.
        version: The version.
        how: ``auto``, ``hot``, ``restart``, or ``anew`` for a stop and a start with the variables that are there now.
        checks: When the host is well, besides being ready.
        seconds: How long until it has failed.
        board: Where it is shown how it gets on.

    Raises:
        RemoteError: The host is not well with it, or runs something else; what it runs is not known to be that.
    """
    before, started = member.state.running, board.clock.monotonic()
    board.set(member.host.name, "switching", f"{before or 'nothing'} -> {version}")
    asked = [("check", str(seconds), check.kind, check.what) for check in (READY, *checks)]
    report, settled = await _switch_over(member, version, how=how, then=(*asked, ("settle", version)), board=board)
    member.see_settled(settled, version, at=board.clock.now())
    return HostResult(
        member.host.name,
        Outcome.DONE,
        version,
        before,
        mode=describe_mode(report, before),
        reasons=tuple(report.get("reasons", ())),
        sent=member.sent,
        seconds=board.clock.monotonic() - started,
    )


async def _switch_over(
    member: Member, version: str, *, how: str, then: tuple[tuple[str, ...], ...], board: Board
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Let a host run a version; what does not stop in the time it has is ended by force.

    Args:
        member: The host.
        version: The version.
        how: As for ``activate_version``.
        then: What the host is asked when it has switched.
        board: Where it is shown how it gets on.

    Returns:
        What the launcher reports, and the answer to what the host is asked last.
    """

    def show(command: str) -> None:
        if command == "activate":
            board.set(member.host.name, "checking", version)

    before = member.state.running
    try:
        switch = ("activate", version, how, *(["running"] if before else []))
        first, *_, last = await member.session.ask_in_turn(switch, *then, heard=show)
        return read_report(first), last
    except HostRefusedError as error:
        if error.command != "activate":
            raise
        state = await member.see_running()
        if how == "hot" or not before or state.running != before or await _is_ready(member):
            raise
    board.set(member.host.name, "ending", f"{before}, which does not stop")
    first, *_, last = await member.session.ask_in_turn(("activate", version, "anew"), *then, heard=show)
    reason = f"{before} did not stop in time and was ended by force"
    return {**read_report(first), "mode": "restart", "reasons": [reason]}, last


async def _is_ready(member: Member) -> bool:
    """Tell whether what runs on a host is ready: a node that was told to stop is not."""
    try:
        await member.session.ask("check", _READY_SECONDS, READY.kind)
    except HostRefusedError:
        return False
    return True


def describe_mode(report: dict[str, Any], before: str) -> str:
    """Return how a host was taken to a version: ``hot``, ``restart``, or ``start`` where nothing ran."""
    mode = str(report.get("mode", "none"))
    return mode if before and mode in {"hot", "restart"} else "start" if not before else ""


async def take_back(member: Member, version: str, error: RemoteError, *, seconds: int, board: Board) -> HostResult:
    """Take a host back to what it ran before, after a version was not well there.

    Args:
        member: The host.
        version: The version that was not well.
        error: What went wrong.
        seconds: How long until the version before has failed, too.
        board: Where it is shown.

    Returns:
        What became of the host: rolled back, or failed where it could not be.
    """
    why = error.what.removeprefix(f"{member.host}: ")
    before = member.before.running
    log: list[str] = []
    try:
        await member.session.ask("tail", str(_SHOWN_LINES), show=log.append)
        await member.mark(version, BAD, at=board.clock.now())
        if member.has_new_variables:
            await member.session.ask("environment_back")
        state = await member.see_running()
        is_as_before = state.running == before and (
            await _is_ready(member) if before else state.run_state == "stopped"
        )
        if member.has_new_variables or not is_as_before:
            board.set(member.host.name, "rolling back", before or "to nothing")
            if before:
                how = "anew" if member.has_new_variables or state.running == before else "auto"
                await member.session.ask("activate", before, how)
                await member.session.ask("check", str(seconds), READY.kind)
            else:
                await member.session.ask("stop")
        state = await member.see_running()
    except RemoteError as worse:
        why = f"{why}; then: {worse.what}"
        return HostResult(member.host.name, Outcome.FAILED, "", before, why=why, log=tuple(log))
    outcome = Outcome.ROLLED_BACK if state.running == before else Outcome.FAILED
    return HostResult(member.host.name, outcome, state.running, before, why=why, sent=member.sent, log=tuple(log))


def format_audit(result: HostResult, *, who: str, time: float, action: str) -> tuple[str, ...]:
    """Return the command by which a host writes into its audit log what became of it."""
    return "audit", json.dumps(describe_audit(result, who=who, time=time, action=action))


def describe_audit(result: HostResult, *, who: str, time: float, action: str) -> dict[str, str | int]:
    """Return what the audit log says of what became of a host."""
    facts: dict[str, str | int] = {
        "time": round(time),
        "action": action,
        "who": who,
        "version": result.version,
        "from": result.previous,
        "outcome": result.outcome.value,
        "mode": result.mode,
        "why": result.why,
    }
    return {key: value for key, value in facts.items() if value != ""}
