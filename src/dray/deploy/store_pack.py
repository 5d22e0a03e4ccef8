"""A part of a store as one tar: what Ansible copies to hosts that fetch from nowhere.

A host that has the release's base needs little more than what changed; one that has nothing needs all of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dray.deploy.pack import tar_files
from dray.deploy.store import file_key, format_list, list_key, manifest_key, read_stored_manifest
from dray.errors import IntegrityError

if TYPE_CHECKING:
    from dray.deploy.manifest import Manifest
    from dray.deploy.store import StoredRelease
    from dray.repository.store import Store


def build_store_pack(store: Store, name: str, stored: StoredRelease, base: Manifest | None) -> bytes:
    """Return the part of a store that a host with a base needs.

    Args:
        store: The store.
        name: The release.
        stored: Which one of it.
        base: What the host has; None for nothing.

    Raises:
        IntegrityError: A file of the store is missing.
    """
    have = {item.sha256 for item in base.items.values()} if base else set()
    manifest = read_stored_manifest(store, stored.manifest)
    needed = {item.sha256 for item in manifest.items.values() if item.sha256}
    keys = [manifest_key(stored.manifest), *map(file_key, sorted({*(needed - have), stored.kit}))]
    files = {key: (_read(store, key), 0o644) for key in keys}
    return tar_files({list_key(name): (format_list(name, (stored,)), 0o644), **files})


def _read(store: Store, key: str) -> bytes:
    found = store.get(key)
    if found is None:
        raise IntegrityError(
            f"{store.address}/{key} is missing", hint="remove the store; the next deployment writes all of it anew"
        )
    return found.data
