"""Makes of a built release what hosts can take: a version of its own, and what running nodes need to follow hot.

Who deploys twice without a new version means an update all the same. So a release whose content differs from what the
hosts have under its version gets a content suffix, and so do applications, whose folders versions share.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dray.assemble.content import digest_of, read_file
from dray.assemble.manifest import format_manifest, manifest_path
from dray.assemble.tree import sync_tree
from dray.assemble.tree_index import tree_index_path
from dray.core.contents import File, Symlink
from dray.core.upgrade import Verdict
from dray.deploy.manifest import Contents, Item, identify_applications, read_manifest
from dray.errors import ConfigError
from dray.upgrade.rename_release import rename_applications
from dray.upgrade.rename_version import rename_version
from dray.upgrade.suffix import add_suffix, strip_suffix

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dray.core.context import Context
    from dray.core.release import Release
    from dray.deploy.history import History
    from dray.deploy.host_state import HostState
    from dray.deploy.manifest import Manifest
    from dray.upgrade.build import Build


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
    """Return the version under which hosts take a release: its own, unless they have other content under that.

    Where they have had some, and have it with a suffix by now, the plain version would look like the older one.

    Args:
        version: Its own.
        source: What identifies its content.
        states: What the hosts have.
    """
    known = [item for state in states for item in state.versions]
    own = {item.source for item in known if item.version == version}
    is_known = any(version in {item.version, strip_suffix(item.version)} for item in known)
    return version if own == {source} or not is_known else add_suffix(version, source)


def list_conflicts(contents: Contents, installed: Iterable[Manifest]) -> dict[str, str]:
    """Return the applications that hosts have with other content under the same version, each with a new version.

    Args:
        contents: What identifies the files of each application of a release; see ``Manifest.contents``.
        installed: The manifests of what the hosts have.
    """
    have: dict[tuple[str, str], set[str]] = {}
    for other in installed:
        for key, digest in other.contents.items():
            have.setdefault(key, set()).add(digest)
    return {
        name: add_suffix(strip_suffix(version), digest)
        for (name, version), digest in contents.items()
        if have.get((name, version), {digest}) != {digest}
    }


def _identify(release: Release) -> Contents:
    """Return what identifies the files of each application of a release that is not written yet: all are known."""
    items = []
    for entry in release.contents:
        if isinstance(entry, File) and entry.path.startswith("lib/"):
            items.append(Item(entry.path, release.digests[entry.path].sha256, f"{entry.mode:04o}"))
        elif isinstance(entry, Symlink):
            items.append(Item(entry.path, target=entry.target))
    return identify_applications(items, ((app.name, app.version) for app in release.applications))


def read_release_manifest(release: Release) -> Manifest:
    """Return the manifest of an assembled release that is written to its tree."""
    path = manifest_path(release)
    data = (release.tree / path).read_bytes() if release.tree else b""
    return read_manifest(data, path)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is known before a release is prepared.

    Args:
        source: What identifies the release's content; see ``digest_content``.
        states: What the hosts are and have.
        manifests: Those of the versions that the hosts have.
        how: ``restart`` where no hot upgrade is wanted.
        env: Variables of the release, for a node of what runs that is asked here whether it could follow.
    """

    source: str
    states: tuple[HostState, ...]
    manifests: tuple[Manifest, ...]
    how: str = "auto"
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A release as hosts take it.

    Args:
        release: The release; unless it is one that hot upgrades were made for, it is not written to its tree yet.
        manifest: Its manifest.
        reasons: Why a restart is needed, where it is.
    """

    release: Release
    manifest: Manifest
    reasons: tuple[str, ...] = ()


def prepare_release(release: Release, ctx: Context, history: History, wishes: Wishes) -> Prepared:
    """Return the release as hosts take it.

    Args:
        release: The release, assembled.
        ctx: The outside world.
        history: What was deployed from here.
        wishes: What the hosts have, and what is wanted.

    Raises:
        ConfigError: The release carries upgrades to a version that hosts have with other content.
    """
    version = choose_version(release.version, wishes.source, wishes.states)
    if version != release.version and release.upgrades:
        raise ConfigError(
            f"hosts have {release.version} with other content, and this one carries upgrades to it",
            hint="raise the version in mix.exs; or leave out upgrade(), a deployment makes what it needs",
        )
    plain = rename_version(release, version)
    bases, reasons = _find_bases(plain, history, wishes)
    if bases:
        from dray.upgrade.add import add_upgrades  # noqa: PLC0415 - 60 ms, and a restart needs none of it

        upgraded, generated = add_upgrades(plain, ctx, bases, env=wishes.env)
        written = write_prepared(upgraded, ctx)
        manifest = read_release_manifest(written)
        conflicts = list_conflicts(manifest.contents, wishes.manifests)
        for decided in generated.upgrades():
            reasons += decided.reasons if decided.verdict is Verdict.RESTART else ()
        if not conflicts:
            return Prepared(written, manifest, reasons)
        reasons += tuple(f"{name} is installed under its version with other content" for name in conflicts)
    renamed = rename_applications(plain, list_conflicts(_identify(plain), wishes.manifests))
    return Prepared(renamed, _describe(renamed), reasons)


def _describe(release: Release) -> Manifest:
    """Return the manifest that a release gets when it is written."""
    described = release.remove(manifest_path(release))
    digests = {
        entry.path: described.digests.get(entry.path) or digest_of(read_file(described, entry))
        for entry in described.contents
        if isinstance(entry, File)
    }
    return read_manifest(format_manifest(replace(described, digests=digests)), manifest_path(release))


def _find_bases(release: Release, history: History, wishes: Wishes) -> tuple[tuple[Build, ...], tuple[str, ...]]:
    """Return the builds of what runs on the hosts, and which of them are not here."""
    bases, reasons = [], []
    known = {upgrade.base for upgrade in release.upgrades} | {release.version}
    running = {state.running: state.find(state.running) for state in wishes.states if state.running}
    for version, installed in running.items() if wishes.how != "restart" else ():
        if version in known:
            continue
        place = history.find(installed.manifest) if installed else None
        from dray.upgrade.build import read_build  # noqa: PLC0415 - as above

        if place is None:
            reasons.append(f"{version} was deployed from another machine: there is nothing to compare with here")
        else:
            bases.append(read_build(place))
    return tuple(bases), tuple(reasons)


def write_prepared(release: Release, ctx: Context) -> Release:
    """Return a release that is written to its tree, with all digests.

    Raises:
        StepError: It cannot be written.
    """
    if release.tree is None:
        return release
    return sync_tree(release, release.tree, tree_index_path(ctx.work, release.name))[0]
