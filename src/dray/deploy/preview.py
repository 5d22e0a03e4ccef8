"""What a deployment would do, host by host, without doing any of it: for a dry run.

Hosts are only asked what they are and have. What would be sent is known where the release is built.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dray.deploy.check import READY
from dray.deploy.manifest import read_manifest
from dray.deploy.member import open_party
from dray.deploy.transfer import plan_transfer
from dray.errors import IntegrityError, RemoteError

if TYPE_CHECKING:
    from pathlib import Path

    from dray.deploy.board import Board
    from dray.deploy.fleet import Fleet
    from dray.deploy.manifest import Manifest
    from dray.deploy.member import Member
    from dray.deploy.place import Place


async def preview_rollout(fleet: Fleet, place: Place, tree: Path, board: Board) -> tuple[str, ...]:
    """Return what a deployment would do, in lines.

    Args:
        fleet: The hosts.
        place: The release on them.
        tree: The release as it was built last, if it is there.
        board: Where it is shown how far this is.
    """
    new = _read_built(tree)
    lines: list[str] = []
    async with open_party(fleet.hosts, place, board, connections=fleet.options.connections) as party:
        for host, error in party.absent:
            lines.append(f"{host}: {error.what}")
        for member in party.members:
            lines += [
                f"{member.host}: {_describe(member)}",
                *(f"    {line}" for line in await _list_work(member, new)),
            ]
            lines.append(f"    check that it is {', '.join(str(check) for check in (READY, *fleet.checks))}")
    return tuple(lines)


def _read_built(tree: Path) -> Manifest | None:
    for path in sorted(tree.glob("releases/*/manifest.json")):
        return read_manifest(path.read_bytes(), str(path))
    return None


def _describe(member: Member) -> str:
    state = member.state
    if not state.is_set_up:
        return f"not set up; type first: dray setup {member.host}"
    runs = f"runs {state.running}" if state.running else "runs nothing"
    lock = f"; locked: {state.facts['lock']}" if "lock" in state.facts else ""
    return f"{runs}, {state.platform}, {state.facts.get('init', '')}, {state.free_bytes / 1e9:.1f} GB free{lock}"


async def _list_work(member: Member, new: Manifest | None) -> list[str]:
    if new is None:
        return ["what is sent is known when the release is built: dray build"]
    state = member.state
    switch = f"upgrade {new.version}, hot where that is possible" if state.running else "start it"
    try:
        installed = [
            read_manifest(await member.session.read_data("show", item.version), f"{member.host}:{item.version}")
            for item in sorted(state.versions, key=lambda item: (item.version == state.permanent, item.since))
        ]
        if any(manifest.digest == new.digest for manifest in installed):
            return [f"has {new.version} already", *([switch] if state.running != new.version else [])]
        transfer = plan_transfer(new, installed, first=not state.permanent)
    except IntegrityError:
        return ["send what changed, under a version of its own: the host has another build of this one"]
    except RemoteError as error:
        return [error.what]
    count, size = len(transfer.sent), transfer.size / 1e6
    return [f"send {count} files, {size:.2f} MB before they are packed", f"link {len(transfer.links)} files", switch]
