"""A store of releases: what hosts fetch from that dray does not push to, such as those that Ansible deploys to.

    with open_store("s3://releases.shop.example") as store:
        stored = write_release(store, release, source=digest_content(release), kit=build_kit(...), root="/opt/shop")

shop.json                        the releases, the one that was stored last at the end
manifests/9f86d0....json.gz      the manifest of each, under its SHA-256
files/2c/2c2674....gz            each file under its SHA-256, so that versions share what is equal; and the kits

All but the list never changes and may be cached for ever; the list is swapped last. Everything is made of the
releases alone: the same releases give the same bytes. The collection ``dray.release`` reads it.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import deflate

from dray.assemble.content import read_file
from dray.assemble.manifest import manifest_path
from dray.assemble.workers import map_threads
from dray.core.contents import File
from dray.deploy.manifest import Manifest, read_manifest
from dray.deploy.prepare import read_release_manifest
from dray.errors import IntegrityError, RepositoryError
from dray.repository.store import Upload

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dray.core.release import Release
    from dray.repository.store import Store, Stored

FORMAT = 1
_LEVEL = 6
_COMPARED = 3
"""The files of so many releases are known to be stored; whether others are, the store is asked."""
_LISTED = 100
"""So many releases are listed; older ones can still be named by nobody."""


@dataclass(frozen=True, slots=True)
class StoredRelease:
    """An entry of the list.

    Args:
        version: The release's version.
        manifest: The SHA-256 of its manifest.
        source: What identifies the content that it was made of.
        kit: The SHA-256 of what a host needs besides.
        root: Its folder on hosts.
    """

    version: str
    manifest: str
    source: str
    kit: str
    root: str

    @property
    def checksum(self) -> str:
        """What identifies all that is deployed."""
        text = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def list_key(name: str) -> str:
    """Return the key of the list of a release."""
    return f"{name}.json"


def manifest_key(sha256: str) -> str:
    """Return the key of a manifest."""
    return f"manifests/{sha256}.json.gz"


def file_key(sha256: str) -> str:
    """Return the key of a file."""
    return f"files/{sha256[:2]}/{sha256}.gz"


def read_releases(store: Store, name: str) -> tuple[StoredRelease, ...]:
    """Return the releases of a store, the one that was stored last at the end.

    Raises:
        IntegrityError: Its list is damaged.
        RepositoryError: It cannot be read, or is of another format.
    """
    found = store.get(list_key(name))
    return _parse_list(found.data, f"{store.address}/{list_key(name)}") if found else ()


def _parse_list(data: bytes, source: str) -> tuple[StoredRelease, ...]:
    try:
        facts = json.loads(data)
        if facts["format"] != FORMAT:
            raise RepositoryError(f"{source} is of a format that this dray does not know", got=str(facts["format"]))
        return tuple(StoredRelease(**item) for item in facts["releases"])
    except (ValueError, KeyError, TypeError) as error:
        raise IntegrityError(f"{source} is no list of releases: {error}") from error


def format_list(name: str, releases: Iterable[StoredRelease]) -> bytes:
    """Return the list as it is stored, one release a line."""
    lines = ",\n  ".join(json.dumps(asdict(item), sort_keys=True) for item in releases)
    return f'{{"format": {FORMAT}, "name": {json.dumps(name)}, "releases": [\n  {lines}\n]}}\n'.encode()


def read_stored_manifest(store: Store, sha256: str) -> Manifest:
    """Return a manifest of a store.

    Raises:
        IntegrityError: It is damaged, or not there.
    """
    key = manifest_key(sha256)
    found = store.get(key)
    try:
        data = gzip.decompress(found.data) if found else b""
    except (OSError, EOFError) as error:
        raise IntegrityError(f"{store.address}/{key} is damaged: {error}") from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise IntegrityError(f"{store.address}/{key} is {'damaged' if found else 'missing'}")
    return read_manifest(data, key)


def write_release(store: Store, release: Release, *, source: str, kit: bytes, root: str) -> StoredRelease:
    """Store a release, and make it the last one of the list.

    Args:
        store: Where.
        release: The release, written to its tree.
        source: What identifies the content that it was made of.
        kit: What a host needs besides.
        root: Its folder on hosts.

    Raises:
        RepositoryError: The store cannot be written, or somebody else has changed it meanwhile.
        OSError: A file of the release cannot be read.
    """
    manifest, kit_sum = read_release_manifest(release), hashlib.sha256(kit).hexdigest()
    found = store.get(list_key(release.name))
    listed = _parse_list(found.data, list_key(release.name)) if found else ()
    uploads = [*_pack_files(release, _list_known(store, listed)), Upload(file_key(kit_sum), _pack(kit))]
    store.put_new([*uploads, Upload(manifest_key(manifest.digest), _pack(manifest.data))])
    entry = StoredRelease(release.version, manifest.digest, source, kit_sum, root)
    _put_last(store, release.name, entry, found)
    return entry


def list_again(store: Store, name: str, stored: StoredRelease, *, kit: bytes, root: str) -> StoredRelease:
    """Make a release that is stored the last one of the list, with the kit of today; see ``write_release``."""
    entry = replace(stored, kit=hashlib.sha256(kit).hexdigest(), root=root)
    if entry.kit != stored.kit:
        store.put_new([Upload(file_key(entry.kit), _pack(kit))])
    _put_last(store, name, entry, store.get(list_key(name)))
    return entry


def _put_last(store: Store, name: str, entry: StoredRelease, found: Stored | None) -> None:
    """Write the list with an entry at its end."""
    listed = _parse_list(found.data, list_key(name)) if found else ()
    others = [item for item in listed if item.version != entry.version]
    data = format_list(name, (*others, entry)[-_LISTED:])
    if found is not None and found.data == data:
        return
    if not store.replace(list_key(name), data, found.etag if found else None):
        raise RepositoryError(f"{store.address} was changed by somebody else meanwhile", hint="type the same again")


def _list_known(store: Store, listed: tuple[StoredRelease, ...]) -> frozenset[str]:
    manifests = (read_stored_manifest(store, item.manifest) for item in listed[-_COMPARED:])
    return frozenset(item.sha256 for manifest in manifests for item in manifest.items.values())


def _pack_files(release: Release, known: frozenset[str]) -> list[Upload]:
    """Return the files of a release that are not known to be stored, each content once."""
    own = manifest_path(release)
    new = {
        release.digests[entry.path].sha256: entry
        for entry in release.contents
        if isinstance(entry, File) and release.digests[entry.path].sha256 not in known and entry.path != own
    }
    packed = map_threads(lambda file: _pack(read_file(release, file)), new.values())
    return [Upload(file_key(sha256), data) for sha256, data in zip(new, packed, strict=True)]


def _pack(data: bytes) -> bytes:
    return bytes(deflate.gzip_compress(data, _LEVEL))
