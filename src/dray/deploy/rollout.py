"""A deployment to a fleet: look at all hosts, bring the release to all, then let one batch follow after the other.

Before the first host is switched, all of them have the whole release, checked; whatever fails until then leaves every
host as it was. Each batch is found well before the next one follows.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from dray.assemble.stored import parse_manifest
from dray.core.rollout import Replaced, Rollout
from dray.deploy.fetch import fetch_running
from dray.deploy.follow import follow
from dray.deploy.lock import build_lock, confirm_locks
from dray.deploy.manifest import read_manifest
from dray.deploy.member import gather_results, open_party
from dray.deploy.pack import build_pack
from dray.deploy.preflight import list_present, validate_party, validate_space, validate_variables
from dray.deploy.transfer import plan_transfer
from dray.errors import RemoteError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dray.deploy.board import Board
    from dray.deploy.history import History
    from dray.deploy.manifest import Manifest
    from dray.deploy.member import Member
    from dray.deploy.plan import Cargo, Plan
    from dray.deploy.transfer import Transfer


async def run_rollout(plan: Plan, board: Board) -> Rollout:
    """Deploy a release.

    Returns:
        What became of each host.

    Raises:
        RemoteError: Nothing was changed: a host cannot be reached, does not fit, or is being deployed to.
    """
    started = board.clock.monotonic()
    fleet = plan.fleet
    since = time.strftime("%H:%M", time.localtime(board.clock.now()))
    lock = build_lock(plan.owner, f"{plan.who} deploys {plan.place.name} since {since}")
    first = (lock,) if plan.scripts is None else (("begin",), lock)
    async with open_party(
        fleet.hosts, plan.place, board, connections=fleet.options.connections, first=first
    ) as party:
        members = list_present(party, fleet)
        validate_party(members, plan.demands, needs_setup=plan.scripts is None)
        await confirm_locks(members, lock)
        validate_variables(members, plan)
        manifests = await _gather_manifests(members, plan.history)
        if plan.scripts is not None:
            await _ask_all(members, "prepare", str(len(plan.scripts)), payload=plan.scripts)
        installed = tuple(manifests.values())
        if fleet.options.upgrade != "restart":
            await fetch_running(members, manifests, plan.release, plan.history)
        cargo = await asyncio.to_thread(plan.prepare, members, installed)
        packs = await _pack(cargo, members, manifests)
        keeping = asyncio.create_task(asyncio.to_thread(cargo.keep))  # while hosts work, this machine only waits
        try:
            await _bring(cargo, members, packs, board)
            results = await follow(plan, cargo, members, board)
        finally:
            await asyncio.wait([keeping])
    await keeping
    version = cargo.release.version
    hosts = gather_results(fleet, members, results, party.absent)
    seconds = board.clock.monotonic() - started
    return Rollout(fleet.name, plan.place.name, version, hosts, seconds, list_replaced(members, manifests))


def list_replaced(members: Iterable[Member], manifests: Mapping[str, Manifest]) -> tuple[Replaced, ...]:
    """Return the versions that hosts ran when the deployment began, each once.

    Args:
        members: The hosts.
        manifests: Those of the versions that hosts have, by their digests.
    """
    running = (member.before.find(member.before.running) for member in members)
    digests = dict.fromkeys(item.manifest for item in running if item is not None)
    return tuple(_describe_replaced(manifests[digest]) for digest in digests if digest in manifests)


def _describe_replaced(manifest: Manifest) -> Replaced:
    commit = (parse_manifest(manifest.data, manifest.version).get("commit") or {}).get("sha", "")
    return Replaced(manifest.version, commit, tuple((name, version) for name, version, _ in manifest.applications))


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


async def _pack(
    cargo: Cargo, members: tuple[Member, ...], manifests: dict[str, Manifest]
) -> dict[str, tuple[Transfer, bytes]]:
    """Return what travels to each host that lacks the release, by its name; hosts that have the same share it."""
    version = cargo.release.version
    lacking = [member for member in members if member.state.find(version) is None]
    stages = await asyncio.gather(*(_list_stage(member, cargo) for member in lacking))
    planned: dict[object, Transfer] = {}
    transfers: dict[str, Transfer] = {}
    for member, there in zip(lacking, stages, strict=True):
        ordered = sorted(member.state.versions, key=lambda item: (item.version == member.state.permanent, item.since))
        digests, first = tuple(item.manifest for item in ordered), not member.state.permanent
        key = (digests, first, *there.items())
        if key not in planned:
            installed = [manifests[digest] for digest in digests]
            planned[key] = plan_transfer(cargo.manifest, installed, there=there, first=first)
        transfers[member.host.name] = planned[key]
    _require_space(lacking, transfers)
    different = {transfer.key: transfer for transfer in transfers.values()}
    built = await asyncio.gather(
        *(asyncio.to_thread(build_pack, cargo.release, transfer) for transfer in different.values())
    )
    packs = dict(zip(different, built, strict=True))
    return {name: (transfer, packs[transfer.key]) for name, transfer in transfers.items()}


async def _list_stage(member: Member, cargo: Cargo) -> dict[str, str]:
    """Return the files that a transfer which broke off has left on a host, each with its checksum."""
    if cargo.manifest.digest not in member.state.stages:
        return {}
    lines = await member.session.ask("part", cargo.manifest.digest)
    return {path: sha256 for _, sha256, path in (line.split(" ", 2) for line in lines)}


async def _bring(
    cargo: Cargo, members: tuple[Member, ...], packs: dict[str, tuple[Transfer, bytes]], board: Board
) -> None:
    """Bring the release to all hosts that lack it."""

    async def bring(member: Member) -> None:
        if member.host.name not in packs:
            return
        transfer, pack = packs[member.host.name]
        board.set(member.host.name, "receiving", f"{len(transfer.sent)} files, {len(pack) / 1e6:.2f} MB")
        member.sent += len(pack)
        version, digest = cargo.release.version, cargo.manifest.digest
        words = (digest, str(len(pack)), version, transfer.base or "-", cargo.source)
        await member.session.ask("receive", *words, payload=pack)
        board.set(member.host.name, "installed", version)

    done = await asyncio.gather(*(bring(member) for member in members), return_exceptions=True)
    _raise_failed([error for error in done if isinstance(error, BaseException)])


def _require_space(members: Iterable[Member], transfers: Mapping[str, Transfer]) -> None:
    """See that every host has room for what it is sent."""
    failed: list[BaseException] = []
    for member in members:
        try:
            validate_space(member.state, transfers[member.host.name], member.host)
        except RemoteError as error:
            failed.append(error)
    _raise_failed(failed)


def _raise_failed(errors: list[BaseException]) -> None:
    """Raise one error for what went wrong before any host was switched."""
    if not errors:
        return
    remote = [error for error in errors if isinstance(error, RemoteError)]
    if len(remote) < len(errors):
        raise next(error for error in errors if not isinstance(error, RemoteError))
    text = "; ".join(error.what for error in remote)
    raise RemoteError(text, hint="no host was switched; mend the cause, and the same command goes on where it was")
