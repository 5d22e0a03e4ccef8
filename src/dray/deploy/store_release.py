"""Makes of a built release what hosts of a store can take, and stores it.

Which hosts have which version is not known here. So a release is made for hosts that have one of those in the store;
and what was stored once, stays what it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dray.deploy.history import History
from dray.deploy.host_state import HostState, InstalledVersion
from dray.deploy.kit import build_kit
from dray.deploy.prepare import Wishes, digest_content, prepare_release, write_prepared
from dray.deploy.store import list_again, read_releases, read_stored_manifest, write_release
from dray.service.model import build_service
from dray.service.options import read_service_options

if TYPE_CHECKING:
    from dray.core.context import Context
    from dray.core.release import Release
    from dray.deploy.manifest import Manifest
    from dray.deploy.store import StoredRelease
    from dray.repository.store import Store

LAST = 3
"""Nodes that run one of so many releases before can follow hot, and are sent no more than what changed."""
_COMPARED = 10
"""Applications get versions of their own where one of so many releases has others under the same version."""


def store_release(release: Release, ctx: Context, store: Store, *, how: str) -> tuple[Release, StoredRelease]:
    """Return a release as hosts take it, and its entry in the store, where it is now.

    Args:
        release: The release, assembled.
        ctx: The outside world.
        store: The store, which nobody else writes to meanwhile.
        how: ``restart`` where no hot upgrade is wanted.

    Raises:
        ConfigError: It is not assembled, or no init system can run it.
        RepositoryError: The store cannot be read or written.
    """
    from dray.upgrade.rename_version import rename_version  # noqa: PLC0415 - a new release does so elsewhere

    service = build_service(read_service_options(ctx.settings.section("service"), {}), release=release.name)
    source = digest_content(release)
    kit = build_kit(service, ctx.templates)
    listed = read_releases(store, release.name)
    same = next((item for item in listed if item.source == source), None)
    if same is not None:
        entry = list_again(store, release.name, same, kit=kit, root=service.root)
        return rename_version(release, entry.version), entry
    states, manifests = _imagine_hosts(store, listed)
    history = History(ctx.work / "deployed" / release.name)
    made = prepare_release(release, ctx, history, Wishes(source, states, manifests, how))
    prepared = write_prepared(made.release, ctx)
    for reason in made.reasons:
        ctx.console.note(f"restart: {reason}")
    entry = write_release(store, prepared, source=source, kit=kit, root=service.root)
    history.keep(prepared, entry.manifest)
    return prepared, entry


def _imagine_hosts(
    store: Store, listed: tuple[StoredRelease, ...]
) -> tuple[tuple[HostState, ...], tuple[Manifest, ...]]:
    """Return hosts that run one each of the last releases and have all of them, and the manifests of these."""
    versions = tuple(InstalledVersion(item.version, item.manifest, source=item.source) for item in listed)
    states = tuple(
        HostState({}, versions, status={"version": item.version, "state": "running"}) for item in listed[-LAST:]
    )
    return states, tuple(read_stored_manifest(store, item.manifest) for item in listed[-_COMPARED:])
