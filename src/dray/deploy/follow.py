"""Lets hosts follow to a version that all of them have: one batch after the other, each found well first."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

from dray.core.progress import Advance
from dray.core.rollout import HostResult, Outcome, Rollout
from dray.deploy.activate import activate_version, format_audit, take_back
from dray.deploy.batches import split_hosts
from dray.deploy.check import READY
from dray.deploy.host_state import GOOD, list_removable
from dray.deploy.member import gather_results
from dray.errors import RemoteError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dray.deploy.board import Board
    from dray.deploy.member import Member
    from dray.deploy.plan import Cargo, Plan

NEW_VARIABLES = "the variables of the release have changed"
_WATCH_SECONDS = 1.0


async def follow(plan: Plan, cargo: Cargo, members: tuple[Member, ...], board: Board) -> Mapping[str, HostResult]:
    """Let one batch after the other follow, until one fails; return what became of those whose turn came, by name."""
    batches = split_hosts(members, plan.fleet.batches)
    results: dict[str, HostResult] = {}

    def announce(done: int) -> None:
        hosts = gather_results(plan.fleet, members, results)
        rollout = Rollout(plan.fleet.name, plan.place.name, cargo.release.version, hosts)
        plan.announce(Advance(rollout, len(batches), done))

    announce(0)
    for number, batch in enumerate(batches):
        done = await asyncio.gather(*(_follow_one(plan, cargo, member, board) for member in batch))
        results.update({result.host: result for result in done})
        is_good = all(result.outcome.is_good for result in done)
        announce(number + is_good)
        if is_good and number == 0 and len(batches) > 1 and plan.fleet.options.bake:
            await _bake(plan, cargo, batch, results, board)
        if not all(result.outcome.is_good for result in results.values()):
            await _go_back(plan, cargo, members, board, results=results, batch=batch)
            break
    await asyncio.gather(*(_finish(plan, member, results, board) for member in members))
    return results


async def _follow_one(plan: Plan, cargo: Cargo, member: Member, board: Board) -> HostResult:
    """Take a host to the version; where it is not well there, take it back."""
    version, options = cargo.release.version, plan.fleet.options
    running = member.state.running
    if running == version and not plan.changes_variables(member.state):
        await member.mark(version, GOOD, at=board.clock.now())
        board.set(member.host.name, "unchanged", version)
        return HostResult(member.host.name, Outcome.UNCHANGED, version, version)
    try:
        await _run_local(plan, options.before, member)
        result = await _switch(plan, version, member, board)
    except RemoteError as error:
        board.set(member.host.name, "not well", error.what)
        back = options.on_failure != "none"
        result = (
            await take_back(member, version, error, seconds=options.timeout, board=board)
            if back
            else HostResult(member.host.name, Outcome.FAILED, member.state.running, running, why=error.what)
        )
    with contextlib.suppress(RemoteError):
        await _run_local(plan, options.after, member)
    board.set(member.host.name, result.outcome.value, describe_result(result))
    return result


async def _switch(plan: Plan, version: str, member: Member, board: Board) -> HostResult:
    """Take a host to the version, with the release's variables where those have changed."""
    options, running = plan.fleet.options, member.state.running
    is_new = plan.changes_variables(member.state)
    if is_new:
        await _send_variables(plan, member)
    how = "anew" if is_new and running else options.upgrade
    result = await activate_version(
        member,
        version,
        how=how,
        checks=plan.fleet.checks,
        seconds=options.timeout,
        board=board,
    )
    return replace(result, mode="restart", reasons=(NEW_VARIABLES,)) if how == "anew" else result


async def _send_variables(plan: Plan, member: Member) -> None:
    """Give a host the release's variables: what is started from now on has them."""
    data = plan.environment or b""
    member.has_new_variables = True
    await member.session.ask("environment", str(len(data)), payload=data)


async def _run_local(plan: Plan, command: str | None, member: Member) -> None:
    if command and plan.run_local is not None:
        await asyncio.to_thread(plan.run_local, command, member.host.name)


def describe_result(result: HostResult) -> str:
    """Return what became of a host, in a line."""
    if result.outcome is Outcome.DONE:
        way = f"{result.previous} -> {result.version}, {result.mode}" if result.previous else result.version
        return f"{way} ({result.seconds:.1f} s)"
    return result.why or result.version


async def _go_back(
    plan: Plan,
    cargo: Cargo,
    members: tuple[Member, ...],
    board: Board,
    *,
    results: dict[str, HostResult],
    batch: tuple[Member, ...],
) -> None:
    """Take back hosts that followed well, as far as the policy says."""
    policy, timeout = plan.fleet.options.on_failure, plan.fleet.options.timeout
    chosen = {"none": (), "batch": batch, "all": members}[policy]
    followed = [m for m in chosen if (r := results.get(m.host.name)) is not None and r.outcome is Outcome.DONE]
    error = RemoteError("another host was not well")
    back = await asyncio.gather(
        *(take_back(m, cargo.release.version, error, seconds=timeout, board=board) for m in followed)
    )
    for result in back:
        results[result.host] = result
        board.set(result.host, result.outcome.value, describe_result(result))


async def _bake(
    plan: Plan, cargo: Cargo, batch: tuple[Member, ...], results: dict[str, HostResult], board: Board
) -> None:
    """Watch the first batch for a while; what is not well any more is taken back."""
    options = plan.fleet.options
    end = board.clock.monotonic() + options.bake
    for member in batch:
        board.set(member.host.name, "watched", f"for {options.bake} s")

    async def watch(member: Member) -> None:
        while (left := end - board.clock.monotonic()) > 0:
            await asyncio.sleep(min(_WATCH_SECONDS, left))
            try:
                for check in (READY, *plan.fleet.checks):
                    await member.session.ask("check", "1", check.kind, check.what)
            except RemoteError as error:
                results[member.host.name] = await take_back(
                    member, cargo.release.version, error, seconds=options.timeout, board=board
                )
                return

    await asyncio.gather(*(watch(member) for member in batch))


async def _finish(plan: Plan, member: Member, results: dict[str, HostResult], board: Board) -> None:
    """Write the audit log of a host, and remove the versions that need not stay."""
    result = results.get(member.host.name)
    if result is None:
        return
    work = [format_audit(result, who=plan.who, time=board.clock.now(), action="deploy")]
    if result.outcome is Outcome.DONE:
        if member.has_new_variables:  # not sooner: until now, another host could have taken this one back
            work.append(("mark", result.version, GOOD, plan.variables))
        before, keep = member.before.running, plan.fleet.options.keep
        work += [("remove", version) for version in list_removable(member.state, keep=keep, before=before)]
    try:
        await member.session.ask_in_turn(*work, ends=True)
    except RemoteError as error:
        results[member.host.name] = replace(result, why="; ".join(filter(None, (result.why, error.what))))
