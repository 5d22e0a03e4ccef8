"""Publishes a change to a suite: all of it or nothing, and beside others who publish.

New packages come first, then the indices under their checksums, then the indices under their names, then the old
``InRelease`` among the generations. Up to here nobody sees anything. Then the new ``InRelease`` takes the place of
the old one: that one moment is the point of no return. If someone else was faster, all is done again on top of
theirs. What was written is read again and checked at the end, and what no kept generation needs any more is removed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from dray.errors import IntegrityError, RepositoryError
from dray.repository.collect import collect_garbage
from dray.repository.draft import Draft, pack_indices
from dray.repository.release_file import ReleaseFile, format_release
from dray.repository.store import Upload
from dray.repository.suite import generation_key, inrelease_key, read_suite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dray.core.context import Clock
    from dray.repository.keys import Certificate, Signer
    from dray.repository.store import Store
    from dray.repository.suite import Suite

T = TypeVar("T")
_ATTEMPTS = 30


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository that can be published to.

    Args:
        store: Where it is.
        signer: The key.
        clock: Tells the time.
        trusted: Other keys that may have signed what is there.
    """

    store: Store
    signer: Signer
    clock: Clock
    trusted: tuple[Certificate, ...] = ()

    @property
    def certificates(self) -> tuple[Certificate, ...]:
        """All keys that may have signed what is there."""
        return (self.signer.certificate, *self.trusted)


def update_suite(
    repository: Repository,
    name: str,
    change: Callable[[Draft], T],
    *,
    always: bool = False,
    read: Callable[[Store, str, Iterable[Certificate]], Suite] = read_suite,
) -> tuple[T, ReleaseFile]:
    """Change a suite.

    Args:
        repository: Where.
        name: The suite.
        change: Changes a draft; called again where someone else has published meanwhile.
        always: Whether ``Release`` is signed anew even where nothing has changed.
        read: Reads what is there.

    Returns:
        What ``change`` returned, and what is published now.

    Raises:
        RepositoryError: The store fails, or others are always faster.
        IntegrityError: What is published is damaged.
    """
    for attempt in range(_ATTEMPTS):
        if attempt:
            time.sleep(os.urandom(1)[0] / 256 * min(2.0, 0.05 * 2**attempt))  # to get out of each other's way
        with repository.store.lock():
            suite = read(repository.store, name, repository.certificates)
            draft = Draft(repository.store, suite, suite.release)
            result = change(draft)
            if not always and suite.etag is not None and not _differs(draft):
                return result, suite.release
            done = _publish(repository, draft)
            if done is not None:
                return result, done
    raise RepositoryError(
        f"{repository.store.address}: others published {_ATTEMPTS} times while this was to be published",
        hint="what is published is valid; publish again when there is less going on",
    )


def _differs(draft: Draft) -> bool:
    return bool(draft.changed) or draft.release != draft.suite.release


def _publish(repository: Repository, draft: Draft) -> ReleaseFile | None:
    """Publish a draft; return None where someone else was faster."""
    store, suite = repository.store, draft.suite
    _store_packages(store, draft.uploads)
    release, uploads = pack_indices(draft)
    release = _date(release, suite, repository)
    signed = repository.signer.sign(format_release(release).encode())
    if suite.signed:
        uploads.append(Upload(generation_key(suite.name, suite.release.generation), suite.signed))
    store.put(uploads)
    if not store.replace(inrelease_key(suite.name), signed, suite.etag):
        return None
    _check(repository, draft, signed, uploads)
    with contextlib.suppress(RepositoryError):  # it is published; the next publication tries again
        collect_garbage(store, replace(suite, release=release, signed=signed), repository.clock.now())
    return release


def _date(release: ReleaseFile, suite: Suite, repository: Repository) -> ReleaseFile:
    """Return ``Release`` with its times: it never gets older than what it takes the place of."""
    now = max(int(repository.clock.now()), suite.release.date)
    valid_until = None
    if release.valid_until is not None:
        lasts = release.valid_until - release.date
        valid_until = now + lasts
    return replace(
        release,
        date=now,
        valid_until=valid_until,
        generation=max(suite.release.generation, release.generation) + 1,
        signed_by=repository.signer.certificate.fingerprint,
    )


def _store_packages(store: Store, uploads: list[Upload]) -> None:
    """Store new packages; one that is there already has to be the same."""
    for key in store.put_new(uploads):
        upload = next(upload for upload in uploads if upload.key == key)
        found = store.get(key)
        if found is not None and found.data != upload.read():
            raise RepositoryError(
                f"{store.address}/{key} is there with other content: a version is published once, since caches and "
                "hosts keep its file",
                hint="build it under another version",
            )
        store.put([upload])  # it is new again for whoever collects what nobody needs


def _check(repository: Repository, draft: Draft, signed: bytes, uploads: list[Upload]) -> None:
    """Read again what was written.

    Raises:
        IntegrityError: The store gives something else.
    """
    store = repository.store
    found = store.get(inrelease_key(draft.suite.name))
    if found is None:
        raise IntegrityError(f"{store.address} has lost what was published", hint="dray apt check")
    if found.data != signed:
        return  # someone else has published since
    for upload in uploads:
        if "/by-hash/" not in upload.key:
            continue
        stored = store.get(upload.key)
        if stored is None or hashlib.sha256(stored.data).hexdigest() != upload.key.rpartition("/")[2]:
            raise IntegrityError(f"{store.address}/{upload.key} is not what was written", hint="dray apt rollback")
    folders = {upload.key.rpartition("/")[0] for upload in draft.uploads}
    sizes = (
        {item.key for folder in sorted(folders) for item in store.list_items(folder)} if len(folders) < 50 else None
    )
    lost = [upload.key for upload in draft.uploads if sizes is not None and upload.key not in sizes]
    if lost:
        raise IntegrityError(f"{store.address}/{lost[0]} is not there after it was written", hint="dray apt rollback")
