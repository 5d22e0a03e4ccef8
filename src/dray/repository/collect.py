"""Removes what nobody needs any more: old generations, their indices, and packages that only they refer to.

At least three generations are kept, and each for a day: a host that has just read an old ``InRelease`` still finds
all that it lists. A file is removed only if it is older than that, too, since someone may be about to publish it
again.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dray.errors import IntegrityError
from dray.repository.suite import Suite, find_listed, read_listed, read_release

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dray.repository.release_file import ReleaseFile
    from dray.repository.store import Store

KEPT_GENERATIONS = 3
KEPT_SECONDS = 24 * 3600
_FILENAME = re.compile(rb"^Filename: (\S+)$", re.MULTILINE)


def collect_garbage(store: Store, suite: Suite, now: float) -> None:
    """Remove what nobody needs any more.

    Args:
        store: Where the repository is.
        suite: What is published now.
        now: The time.
    """
    generations = sorted(list_generations(store, suite.name))
    old = [number for number, kept_since in generations[:-KEPT_GENERATIONS] if kept_since < now - KEPT_SECONDS]
    if not old:
        return
    keys = {number: f"{suite.folder}/generations/{number}" for number, _ in generations}
    releases = {number: _read_generation(store, key) for number, key in keys.items()}
    gone = [release for number, release in releases.items() if number in old and release is not None]
    kept = [release for number, release in releases.items() if number not in old and release is not None]
    kept.append(suite.release)
    _remove_indices_and_packages(store, suite, gone=gone, kept=kept, now=now)
    store.delete([keys[number] for number in old])


def list_generations(store: Store, suite: str) -> list[tuple[int, float]]:
    """Return the earlier publications of a suite, and since when each is none that is in use."""
    prefix = f"dists/{suite}/generations"
    found = ((item.key.rpartition("/")[2], item.modified) for item in store.list_items(prefix))
    return sorted((int(name), modified) for name, modified in found if name.isascii() and name.isdigit())


def _read_generation(store: Store, key: str) -> ReleaseFile | None:
    """Return an earlier ``Release``; None where it cannot be read: it protects nothing then."""
    found = store.get(key)
    try:
        return read_release(found.data, (), file=key) if found else None
    except IntegrityError:
        return None


def _remove_indices_and_packages(
    store: Store, suite: Suite, *, gone: list[ReleaseFile], kept: list[ReleaseFile], now: float
) -> None:
    needed = {item.by_hash for release in kept for item in release.listed}
    unneeded = {item.by_hash for release in gone for item in release.listed} - needed
    candidates = _list_packages(store, suite, gone, skip=needed, lenient=True)
    try:
        if candidates:
            candidates -= _list_packages(store, suite, [suite.release])
        if candidates:
            candidates -= _list_packages(store, suite, kept)
            for other in list_suites(store):
                if candidates and other != suite.name:
                    candidates -= _list_packages_of_suite(store, other)
    except IntegrityError:
        candidates = set()  # nobody knows what a damaged index needs; dray apt check speaks of it
    keys = [*(f"{suite.folder}/{path}" for path in unneeded), *candidates]
    folders = {key.rpartition("/")[0] for key in keys}
    old = {item.key for folder in folders for item in store.list_items(folder) if item.modified < now - KEPT_SECONDS}
    store.delete(sorted(old & set(keys)))


def list_suites(store: Store) -> tuple[str, ...]:
    """Return the names of the suites of a repository."""
    ends = "/InRelease"
    keys = (item.key for item in store.list_items("dists"))
    return tuple(key.removeprefix("dists/").removesuffix(ends) for key in keys if key.endswith(ends))


def _list_packages(
    store: Store,
    suite: Suite,
    releases: Iterable[ReleaseFile],
    *,
    skip: Iterable[str] = (),
    lenient: bool = False,
) -> set[str]:
    """Return the files that the indices of some publications name.

    Args:
        store: Where the repository is.
        suite: The suite.
        releases: The publications.
        skip: Checksums of indices that need not be read.
        lenient: Whether a damaged index is left out.

    Raises:
        IntegrityError: An index is damaged.
    """
    files: set[str] = set()
    read = set(skip)
    for release in releases:
        for path in {item.path for item in release.listed if item.path.endswith("/Packages")}:
            codec, listed = find_listed(release, path)
            if codec is None or listed is None or listed.by_hash in read:
                continue
            read.add(listed.by_hash)
            try:
                data = codec.decompress(read_listed(store, suite, listed))
            except (IntegrityError, ValueError) as error:
                if lenient:
                    continue
                raise IntegrityError(f"{listed.path} is damaged: {error}") from None
            files |= {name.decode("utf-8", "replace") for name in _FILENAME.findall(data)}
    return files


def _list_packages_of_suite(store: Store, name: str) -> set[str]:
    """Return the files that all publications of another suite name."""
    numbers = [number for number, _ in list_generations(store, name)]
    keys = [f"dists/{name}/InRelease", *(f"dists/{name}/generations/{number}" for number in numbers)]
    releases = [release for key in keys if (release := _read_generation(store, key)) is not None]
    suite = Suite(name, releases[0]) if releases else None
    return _list_packages(store, suite, releases) if suite else set()
