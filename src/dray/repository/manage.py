"""What is done to a suite besides publishing: an empty one, removals, the way back, a new date."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dray.errors import DrayError, IntegrityError, RepositoryError, UsageError
from dray.package.codec import CODECS
from dray.package.debian_version import compare_versions
from dray.repository.collect import list_generations
from dray.repository.publish import Terms, apply_terms, validate_terms
from dray.repository.store import Upload
from dray.repository.suite import Suite, generation_key, index_path, read_listed, read_release, read_suite_or_ruin
from dray.repository.update import update_suite

if TYPE_CHECKING:
    from dray.repository.draft import Draft
    from dray.repository.index import Entry
    from dray.repository.release_file import ReleaseFile
    from dray.repository.store import Store
    from dray.repository.update import Repository


def create_suite(repository: Repository, terms: Terms) -> ReleaseFile:
    """Publish a suite without packages; one that is there gets what the terms say of it.

    Raises:
        ConfigError: The terms make no sense.
        RepositoryError: The store fails.
    """
    validate_terms(terms)
    _, release = update_suite(repository, terms.suite, lambda draft: apply_terms(draft, terms))
    return release


def remove_package(
    repository: Repository, suite: str, package: str, *, version: str | None = None, architecture: str | None = None
) -> tuple[Entry, ...]:
    """Take a package out of a suite; its file stays as long as earlier generations need it.

    Args:
        repository: Where from.
        suite: The suite.
        package: The package's name.
        version: Only this version.
        architecture: Only for this architecture.

    Returns:
        What was removed.

    Raises:
        UsageError: There is no such package.
        RepositoryError: The store fails.
    """

    def change(draft: Draft) -> tuple[Entry, ...]:
        _validate_there(draft)
        removed: dict[str, Entry] = {}
        for component in draft.release.components:
            for name in draft.release.architectures:
                index = draft.index(component, name)
                found = index.find(package)
                gone = [entry for entry in found if _is_meant(entry, version, architecture)]
                if gone:
                    kept = [entry for entry in found if entry not in gone]
                    draft.set_index(component, name, index.replace({package: kept}))
                    removed |= {entry.filename: entry for entry in gone}
        if not removed:
            wanted = " ".join(filter(None, (package, version, architecture)))
            raise UsageError(f"{repository.store.address} has no {wanted} in {suite}", hint="dray apt list")
        return tuple(removed.values())

    return update_suite(repository, suite, change)[0]


def _is_meant(entry: Entry, version: str | None, architecture: str | None) -> bool:
    if architecture not in {None, entry.architecture}:
        return False
    try:
        return version is None or compare_versions(entry.version, version) == 0
    except ValueError as error:
        raise UsageError(str(error)) from None


def refresh_suite(repository: Repository, suite: str, valid_days: int | None = None) -> ReleaseFile:
    """Sign a suite anew with the date of today, and write its indices under their names again.

    Args:
        repository: Where.
        suite: The suite.
        valid_days: For how long it is valid from now; None for as long as the last time.

    Raises:
        RepositoryError: There is no such suite, or the store fails.
        IntegrityError: An index is damaged.
    """

    def change(draft: Draft) -> None:
        _validate_there(draft)
        if valid_days is not None:
            apply_terms(draft, Terms(suite, draft.release.components[0], valid_days=valid_days))
        _restore_names(draft)

    return update_suite(repository, suite, change, always=True)[1]


def roll_back(repository: Repository, suite: str, generation: int | None = None) -> tuple[int, ReleaseFile]:
    """Publish an earlier generation again, as a new one.

    Args:
        repository: Where.
        suite: The suite.
        generation: Which one; the one before the present one where it is None.

    Returns:
        The generation that is published again, and what is published now.

    Raises:
        UsageError: It is not kept any more, or never was.
        IntegrityError: It is damaged.
        RepositoryError: The store fails.
    """
    store = repository.store

    def change(draft: Draft) -> int:
        there = [number for number, _ in list_generations(store, suite) if number != draft.suite.release.generation]
        wanted = (generation,) if generation is not None else tuple(reversed(there))
        if not set(wanted) <= set(there) or not there:
            kept = ", ".join(str(number) for number in there) or "none"
            raise UsageError(f"{store.address} keeps these generations of {suite}: {kept}", got=str(generation))
        ruined = draft.suite.signed == b""
        number, release = _read_whole(repository, suite, wanted if ruined else wanted[:1])
        date = draft.release.date
        lasts = None if release.valid_until is None else date + release.valid_until - release.date
        draft.release = replace(release, date=date, valid_until=lasts, generation=max(there))
        _restore_names(draft)
        return number

    return update_suite(repository, suite, change, always=True, read=read_suite_or_ruin)


def _read_whole(repository: Repository, suite: str, numbers: tuple[int, ...]) -> tuple[int, ReleaseFile]:
    """Return the first of some generations of which everything is there.

    Raises:
        IntegrityError: There is none; the error is that of the last.
    """
    last: DrayError | None = None
    for number in numbers:
        found = repository.store.get(generation_key(suite, number))
        try:
            release = read_release(
                found.data if found else b"", repository.certificates, file=f"generation {number} of {suite}"
            )
            _validate_whole(repository.store, Suite(suite, release))
        except IntegrityError as error:
            last = error
        else:
            return number, release
    raise last or IntegrityError(f"no generation of {suite} is whole")


def _validate_whole(store: Store, suite: Suite) -> None:
    for listed in suite.release.listed:
        if listed.path.endswith(tuple(CODECS)):
            read_listed(store, suite, listed)


def _restore_names(draft: Draft) -> None:
    """Write the indices that a draft lists under their names, and anew under their checksums."""
    suite = replace(draft.suite, release=draft.release)
    for listed in draft.release.listed:
        if not listed.path.endswith(tuple(CODECS)):
            continue
        data = read_listed(draft.store, suite, listed)
        draft.restored += [
            Upload(f"{suite.folder}/{listed.by_hash}", data),
            Upload(f"{suite.folder}/{listed.path}", data),
        ]


def _validate_there(draft: Draft) -> None:
    if draft.suite.etag is None:
        raise RepositoryError(
            f"{draft.store.address} has no suite {draft.suite.name}", hint="dray apt publish FILE --to ... makes one"
        )


def list_entries(draft: Draft) -> tuple[tuple[str, Entry], ...]:
    """Return all packages of a suite with their components, each once."""
    found: dict[tuple[str, str], tuple[str, Entry]] = {}
    for component in draft.release.components:
        for architecture in draft.release.architectures:
            if draft.release.find(index_path(component, architecture)) is None:
                continue
            for entry in draft.index(component, architecture).entries():
                found.setdefault((component, entry.filename), (component, entry))
    return tuple(found.values())
