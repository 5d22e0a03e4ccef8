"""Fetches from a host the build that runs there, where it was deployed from another machine: a hot upgrade needs it.

Only files travel that the new release does not have, too.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import tarfile
from typing import TYPE_CHECKING

from dray.core.contents import File
from dray.deploy.manifest import is_of_upgrade
from dray.deploy.transfer import MUTABLE
from dray.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dray.core.release import Release
    from dray.deploy.history import History
    from dray.deploy.manifest import Manifest
    from dray.deploy.member import Member


async def fetch_running(
    members: Iterable[Member], manifests: Mapping[str, Manifest], release: Release, history: History
) -> None:
    """Fetch the builds that hosts run and that are not here; each from one host.

    Args:
        members: The hosts.
        manifests: The manifests of what they have, by digest.
        release: The release that is to be deployed.
        history: Where the builds are kept.

    Raises:
        RemoteError: A host cannot send it.
        IntegrityError: It sends something else than its manifest says.
    """
    seen: set[str] = set()
    for member in members:
        installed = member.state.find(member.state.running)
        if installed is None or installed.manifest in seen:
            continue
        seen.add(installed.manifest)
        if history.find(installed.manifest) is None:
            await _fetch(member, manifests[installed.manifest], release, history)


async def _fetch(member: Member, manifest: Manifest, release: Release, history: History) -> None:
    here = {
        (release.digests[entry.path].sha256, f"{entry.mode:04o}"): f"{release.tree}/{entry.path}"
        for entry in release.contents
        if isinstance(entry, File) and entry.path in release.digests
    }
    lacking = [item for item in manifest.items.values() if item.sha256 and (item.sha256, item.mode) not in here]
    paths = [*(item.path for item in lacking if item.path not in MUTABLE), *MUTABLE]
    listed = "".join(f"{path}\n" for path in paths).encode("utf-8", "surrogateescape")
    data = await member.session.read_data("fetch", str(len(listed)), payload=listed)
    await asyncio.to_thread(history.rebuild, manifest, here, _unpack(data, manifest))


def _unpack(data: bytes, manifest: Manifest) -> dict[str, bytes]:
    """Return the files of an archive, each of which is what the manifest says; but for what hosts change themselves.

    Raises:
        IntegrityError: One is not.
    """
    found = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
            for member in archive:
                item, file = manifest.items.get(member.name), archive.extractfile(member) if member.isreg() else None
                if item is None or file is None:
                    raise IntegrityError(f"a host has sent {member.name}, which it was not asked for")
                found[member.name] = file.read()
                is_same = hashlib.sha256(found[member.name]).hexdigest() == item.sha256
                if not is_same and member.name not in MUTABLE and not is_of_upgrade(member.name):
                    raise IntegrityError(f"{member.name} of {manifest.version} is damaged on a host")
    except (tarfile.TarError, EOFError, OSError) as error:
        raise IntegrityError(f"what a host has sent of {manifest.version} is damaged: {error}") from error
    return found
