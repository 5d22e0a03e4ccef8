"""A deployment to a fleet: look at all hosts, bring the release to all, then let one batch follow after the other.

Before the first host is switched, all of them have the whole release, checked; whatever fails until then leaves every
host as it was. Each batch is found well before the next one follows.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dray.core.rollout import HostResult, Outcome, Rollout
from dray.deploy.activate import activate_version, format_audit, take_back
from dray.deploy.batches import split_hosts
from dray.deploy.host_state import GOOD, list_removable
from dray.deploy.manifest import read_manifest
from dray.deploy.member import open_party
from dray.deploy.pack import build_pack
from dray.deploy.preflight import list_present, validate_party
from dray.deploy.transfer import plan_transfer
from dray.errors import RemoteError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dray.core.release import Release
    from dray.deploy.board import Board
    from dray.deploy.fitness import Demand
    from dray.deploy.fleet import Fleet
    from dray.deploy.history import History
    from dray.deploy.manifest import Manifest
    from dray.deploy.member import Member
    from dray.deploy.place import Place
    from dray.deploy.transfer import Transfer


@dataclass(frozen=True, slots=True)
class Cargo:
    """What is deployed.

    Args:
        release: The release as hosts take it, written to its tree.
        manifest: Its manifest.
        source: What identifies the content that it was made of.
        reasons: Why a restart is needed, as far as this machine knows.
    """

    release: Release
    manifest: Manifest
    source: str
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """How a release is deployed.

    Args:
        fleet: Where.
        place: The release on the hosts.
        demands: What its machine code needs.
        prepare: Makes the cargo of what the hosts have: called once, in a thread.
        history: What was deployed from here.
        who: Who deploys.
        environment: The variables of the release for each host; None leaves what is there.
        scripts: What runs the release there, for places that nobody sets up.
        run_local: Runs a command on this machine, for a host; what it raises counts as the host's.
    """

    fleet: Fleet
    place: Place
    demands: tuple[Demand, ...]
    prepare: Callable[[tuple[Member, ...], tuple[Manifest, ...]], Cargo]
    history: History
    who: str
    environment: bytes | None = None
    scripts: bytes | None = None
    run_local: Callable[[str, str], None] | None = None


async def run_rollout(plan: Plan, board: Board) -> Rollout:
    """Deploy a release.

    Returns:
        What became of each host.

    Raises:
        RemoteError: Nothing was changed: a host cannot be reached, does not fit, or is being deployed to.
    """
    started = board.clock.monotonic()
    fleet = plan.fleet
    async with open_party(fleet.hosts, plan.place, board, connections=fleet.options.connections) as party:
        members = list_present(party, fleet)
        validate_party(members, plan.demands, clock=board.clock.now(), needs_setup=plan.scripts is None)
        since = time.strftime("%H:%M", time.localtime(board.clock.now()))
        await _ask_all(members, "lock", f"{plan.who} deploys {plan.place.name} since {since}")
        if plan.scripts is not None:
            await _ask_all(members, "prepare", str(len(plan.scripts)), payload=plan.scripts)
        manifests = await _gather_manifests(members, plan.history)
        installed = tuple(manifests.values())
        cargo = await asyncio.to_thread(plan.prepare, members, installed)
        await _bring(plan, cargo, members, manifests, board)
        results = await _follow(plan, cargo, members, board)
    version = cargo.release.version
    absent = tuple(HostResult(host.name, Outcome.SKIPPED, why=error.what) for host, error in party.absent)
    order = {host.name: number for number, host in enumerate(fleet.hosts)}
    hosts = tuple(sorted((*results, *absent), key=lambda result: order[result.host]))
    return Rollout(fleet.name, plan.place.name, version, hosts, board.clock.monotonic() - started)


async def _ask_all(members: Iterable[Member], *words: str, payload: bytes = b"") -> None:
    await asyncio.gather(*(member.session.ask(*words, payload=payload) for member in members))


async def _gather_manifests(members: Iterable[Member], history: History) -> dict[str, Manifest]:
    """Return the manifests of all versions that hosts have, by their digests; fetch those that are not known here."""
    found: dict[str, Manifest] = {}
    for member in members:
        for item in member.state.versions:
            if item.manifest in found:
                continue
            known = history.read_manifest(item.manifest)
            if known is None:
                data = await member.session.read_data("show", item.version)
                known = read_manifest(data, f"{member.host}:{item.version}")
            found[item.manifest] = known
    return found


async def _bring(
    plan: Plan, cargo: Cargo, members: tuple[Member, ...], manifests: dict[str, Manifest], board: Board
) -> None:
    """Bring the release to all hosts that lack it."""
    packs: dict[object, bytes] = {}

    async def bring(member: Member) -> None:
        version = cargo.release.version
        if plan.environment is not None:
            await member.session.ask("environment", str(len(plan.environment)), payload=plan.environment)
        if member.state.find(version) is not None:
            return
        transfer = await _plan_member(member, cargo, manifests)
        if transfer.key not in packs:
            packs[transfer.key] = await asyncio.to_thread(build_pack, cargo.release, transfer, root=plan.place.root)
        pack, digest = packs[transfer.key], cargo.manifest.digest
        board.set(member.host.name, "receiving", f"{len(transfer.sent)} files, {len(pack) / 1e6:.2f} MB")
        member.sent += len(pack)
        await member.session.ask("receive", digest, str(len(pack)), payload=pack)
        await member.session.ask("install", digest, version, transfer.base or "-", cargo.source)
        board.set(member.host.name, "installed", version)

    done = await asyncio.gather(*(bring(member) for member in members), return_exceptions=True)
    failed = [error for error in done if isinstance(error, BaseException)]
    if failed:
        raise _summarise(failed)


def _summarise(errors: list[BaseException]) -> BaseException:
    """Return one error for what went wrong before any host was switched."""
    remote = [error for error in errors if isinstance(error, RemoteError)]
    if len(remote) < len(errors):
        return next(error for error in errors if not isinstance(error, RemoteError))
    text = "; ".join(error.what for error in remote)
    return RemoteError(text, hint="no host was switched; mend the cause, and the same command goes on where it was")


async def _plan_member(member: Member, cargo: Cargo, manifests: dict[str, Manifest]) -> Transfer:
    there: dict[str, str] = {}
    if cargo.manifest.digest in member.state.stages:
        for line in await member.session.ask("part", cargo.manifest.digest):
            _, sha256, path = line.split(" ", 2)
            there[path] = sha256
    ordered = sorted(member.state.versions, key=lambda item: (item.version == member.state.permanent, item.since))
    installed = [manifests[item.manifest] for item in ordered]
    return plan_transfer(cargo.manifest, installed, there=there, first=not member.state.permanent)


async def _follow(plan: Plan, cargo: Cargo, members: tuple[Member, ...], board: Board) -> list[HostResult]:
    """Let one batch after the other follow, until one fails."""
    batches = split_hosts(members, plan.fleet.batches)
    results: dict[str, HostResult] = {}
    for number, batch in enumerate(batches):
        done = await asyncio.gather(*(_follow_one(plan, cargo, member, board) for member in batch))
        results.update({result.host: result for result in done})
        if not all(result.outcome.is_good for result in done):
            await _go_back(plan, cargo, members, board, results=results, batch=batch)
            break
        if number == 0 and len(batches) > 1 and plan.fleet.options.bake:
            await _bake(plan, batch, board)
    await asyncio.gather(*(_finish(plan, member, results, board) for member in members))
    return [
        results.get(m.host.name)
        or HostResult(m.host.name, Outcome.UNTOUCHED, m.state.running, m.state.running, sent=m.sent)
        for m in members
    ]


async def _follow_one(plan: Plan, cargo: Cargo, member: Member, board: Board) -> HostResult:
    """Take a host to the version; where it is not well there, take it back."""
    version, options = cargo.release.version, plan.fleet.options
    running = member.state.running
    if running == version and plan.environment is None:
        await member.session.ask("mark", version, GOOD)
        board.set(member.host.name, "unchanged", version)
        return HostResult(member.host.name, Outcome.UNCHANGED, version, version)
    try:
        await _run_local(plan, options.before, member)
        result = await activate_version(
            member, version, how=options.upgrade, checks=plan.fleet.checks, timeout=options.timeout, board=board
        )
    except RemoteError as error:
        board.set(member.host.name, "not well", error.what)
        back = options.on_failure != "none"
        result = (
            await take_back(member, version, error, timeout=options.timeout, board=board)
            if back
            else HostResult(member.host.name, Outcome.FAILED, member.state.running, running, why=error.what)
        )
    with contextlib.suppress(RemoteError):
        await _run_local(plan, options.after, member)
    board.set(member.host.name, result.outcome.value, describe_result(result))
    return result


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
        *(take_back(m, cargo.release.version, error, timeout=timeout, board=board) for m in followed)
    )
    for result in back:
        results[result.host] = result
        board.set(result.host, result.outcome.value, describe_result(result))


async def _bake(plan: Plan, batch: tuple[Member, ...], board: Board) -> None:
    """Wait, and look at the first batch again and again meanwhile."""
    end = board.clock.monotonic() + plan.fleet.options.bake
    for member in batch:
        board.set(member.host.name, "watched", f"for {plan.fleet.options.bake} s")
    while board.clock.monotonic() < end:
        await asyncio.sleep(min(1.0, plan.fleet.options.bake))


async def _finish(plan: Plan, member: Member, results: dict[str, HostResult], board: Board) -> None:
    """Write the audit log of a host, and remove the versions that need not stay."""
    result = results.get(member.host.name)
    if result is None:
        return
    try:
        audit = format_audit(result, who=plan.who, time=board.clock.now(), action="deploy")
        await member.session.ask("audit", audit)
        if result.outcome is Outcome.DONE:
            state = await member.look()
            for version in list_removable(state, keep=plan.fleet.options.keep):
                await member.session.ask("remove", version)
    except RemoteError as error:
        results[member.host.name] = replace(result, why="; ".join(filter(None, (result.why, error.what))))
