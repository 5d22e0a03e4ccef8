"""Makes of a built release what hosts can take: a version of its own, and what running nodes need to follow hot.

Who deploys twice without a new version means an update all the same. So a release whose content differs from what the
hosts have under its version gets a content suffix, and so do applications, whose folders versions share.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from dray.assemble.manifest import manifest_path
from dray.assemble.tree import sync_tree
from dray.assemble.tree_index import tree_index_path
from dray.core.contents import Symlink
from dray.core.upgrade import Verdict
from dray.deploy.manifest import read_manifest
from dray.errors import ConfigError
from dray.upgrade.suffix import add_suffix, strip_suffix

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dray.core.context import Context
    from dray.core.release import Release
    from dray.deploy.history import History
    from dray.deploy.host_state import HostState
    from dray.deploy.manifest import Manifest


def digest_content(release: Release) -> str:
    """Return what identifies all files of an assembled release but its manifest, which names a commit, too.

    Raises:
        ConfigError: It is not assembled.
    """
    if manifest_path(release) not in release.digests:
        raise ConfigError("a release is deployed once it is assembled", hint="put assemble() before this step")
    digest = hashlib.sha256()
    for entry in release.contents:
        if entry.path != manifest_path(release):
            content = entry.target if isinstance(entry, Symlink) else ""
            known = release.digests.get(entry.path)
            line = f"{entry.path}\0{known.sha256 if known else content}\0{getattr(entry, 'mode', 0):o}\n"
            digest.update(line.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def choose_version(version: str, source: str, states: Iterable[HostState]) -> str:
    """Return the version under which hosts take a release.

    Args:
        version: Its own.
        source: What identifies its content.
        states: What the hosts have.
    """
    known = [item for state in states for item in state.versions]
    if all(item.source == source for item in known if item.version == version):
        return version
    return add_suffix(version, source)


def list_conflicts(manifest: Manifest, installed: Iterable[Manifest]) -> dict[str, str]:
    """Return the applications that hosts have with other content under the same version, each with a new version."""
    have: dict[tuple[str, str], set[str]] = {}
    for other in installed:
        for name, version, digest in other.applications:
            if digest:
                have.setdefault((name, version), set()).add(digest)
    return {
        name: add_suffix(strip_suffix(version), digest)
        for name, version, digest in manifest.applications
        if digest and have.get((name, version), {digest}) != {digest}
    }


def read_release_manifest(release: Release) -> Manifest:
    """Return the manifest of an assembled release that is written to its tree."""
    path = manifest_path(release)
    data = (release.tree / path).read_bytes() if release.tree else b""
    return read_manifest(data, path)


def prepare_release(
    release: Release,
    ctx: Context,
    states: tuple[HostState, ...],
    history: History,
    *,
    manifests: Iterable[Manifest],
    how: str,
) -> tuple[Release, tuple[str, ...]]:
    """Return the release as hosts take it, written to its tree, and why a restart is needed where it is.

    Args:
        release: The release, assembled.
        ctx: The outside world.
        states: What the hosts are and have.
        history: What was deployed from here.
        manifests: Those of the versions that the hosts have.
        how: ``restart`` where no hot upgrade is wanted.
    """
    from dray.upgrade.add import add_upgrades  # noqa: PLC0415 - a deployment that changes nothing needs none of it
    from dray.upgrade.build import read_build  # noqa: PLC0415
    from dray.upgrade.rename_release import rename_applications  # noqa: PLC0415
    from dray.upgrade.rename_version import rename_version  # noqa: PLC0415

    source = digest_content(release)
    release = rename_version(release, choose_version(release.version, source, states))
    running = {state.running: state.find(state.running) for state in states if state.running}
    bases, reasons = [], []
    carried = {upgrade.base for upgrade in release.upgrades}
    for version, installed in running.items():
        if how == "restart" or version in carried | {release.version}:
            continue
        place = history.find(installed.manifest) if installed else None
        if place is None:
            reasons.append(f"{version}, which runs, was not deployed from this machine: nothing to compare with")
        else:
            bases.append(read_build(place))
    if bases:
        release, generated = add_upgrades(release, ctx, tuple(bases))
        for decided in generated.upgrades():
            if decided.verdict is Verdict.RESTART:
                reasons += decided.reasons
    release = _write(release, ctx)
    conflicts = list_conflicts(read_release_manifest(release), manifests)
    if conflicts:
        release = _write(rename_applications(release, conflicts), ctx)
    return release, tuple(reasons)


def _write(release: Release, ctx: Context) -> Release:
    if release.tree is None:
        return release
    return sync_tree(release, release.tree, tree_index_path(ctx.work, release.name))[0]
