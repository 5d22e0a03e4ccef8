"""Looks for damage in a suite: what hosts would stumble over, and what is about to go wrong."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.errors import DrayError
from dray.package.codec import CODECS
from dray.package.read_deb import validate_control
from dray.repository.collect import list_generations
from dray.repository.index import parse_index
from dray.repository.key_policy import validate_certificate
from dray.repository.keys import format_expiry
from dray.repository.suite import (
    Suite,
    find_listed,
    generation_key,
    index_path,
    read_listed,
    read_release,
    read_suite,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dray.repository.index import Entry, Index
    from dray.repository.keys import Certificate
    from dray.repository.store import Item, Store

_DAY = 86400
_SOON_DAYS = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that was found.

    Args:
        what: What it is.
        damage: Whether hosts stumble over it; otherwise it is a warning.
    """

    what: str
    damage: bool = True


def check_suite(
    store: Store, name: str, trusted: tuple[Certificate, ...], *, now: float, deep: bool = False
) -> tuple[Finding, ...]:
    """Look for damage in a suite.

    Args:
        store: Where the repository is.
        name: The suite.
        trusted: The keys that may have signed it.
        now: The time, in seconds since 1970.
        deep: Whether all packages are read, and not only asked for their sizes.

    Returns:
        What was found.
    """
    try:
        suite = read_suite(store, name, trusted)
    except DrayError as error:
        return (Finding(_say(error)),)
    if suite.etag is None:
        return (Finding(f"there is no suite {name}"),)
    found = [*_check_key(trusted, now), *_check_dates(suite, now)]
    listing = {item.key: item for item in store.list_items("pool")}
    seen: set[str] = set()
    for path in sorted({item.path for item in suite.release.listed if item.path.endswith("/Packages")}):
        found += _check_index(store, suite, path, listing, seen)
    found += _check_missing(suite)
    found += _check_generations(store, suite, trusted)
    if deep:
        found += _check_packages(store, suite, listing)
    return tuple(found)


def _say(error: DrayError) -> str:
    return f"{error.what} (got: {error.got})" if error.got else error.what


def _check_key(trusted: tuple[Certificate, ...], now: float) -> Iterator[Finding]:
    for certificate in trusted[:1]:
        try:
            validate_certificate(certificate, now)
        except DrayError as error:
            yield Finding(_say(error))
            continue
        warning = format_expiry(certificate, now)
        if warning:
            yield Finding(warning, damage=False)


def _check_dates(suite: Suite, now: float) -> Iterator[Finding]:
    if suite.release.date > now + _DAY:
        yield Finding(f"{suite.folder}/InRelease is from the future; apt refuses it")
    if suite.release.valid_until is not None and suite.release.valid_until < now:
        yield Finding(f"{suite.folder}/InRelease is not valid any more; apt refuses it: dray apt refresh")
    elif suite.release.valid_until is not None and suite.release.valid_until < now + _SOON_DAYS * _DAY:
        yield Finding(f"{suite.folder}/InRelease ends in less than {_SOON_DAYS} days: dray apt refresh", damage=False)


def _check_index(
    store: Store, suite: Suite, path: str, listing: Mapping[str, Item], seen: set[str]
) -> Iterator[Finding]:
    for suffix in CODECS:
        listed = suite.release.find(path + suffix)
        if listed is None:
            continue
        try:
            data = read_listed(store, suite, listed)
        except DrayError as error:
            yield Finding(_say(error))
            continue
        named = store.get(f"{suite.folder}/{listed.path}")
        if named is None or named.data != data:
            state = "missing" if named is None else "not what InRelease says"
            yield Finding(f"{suite.folder}/{listed.path} is {state}; programs that do not ask by checksum fail")
        try:
            unpacked = CODECS[suffix].decompress(data)
            index = parse_index(unpacked, file=listed.path)
            plain = suite.release.find(path)
            if plain is None or hashlib.sha256(unpacked).hexdigest() != plain.sha256:
                yield Finding(f"{suite.folder}/{listed.path} unpacks to something else than InRelease lists")
            if suffix == next(iter(s for s in CODECS if suite.release.find(path + s))):
                yield from _check_entries(index, listed.path, listing, seen)
        except (DrayError, ValueError) as error:
            yield Finding(f"{listed.path}: {_say(error) if isinstance(error, DrayError) else error}")


def _check_entries(index: Index, file: str, listing: Mapping[str, Item], seen: set[str]) -> Iterator[Finding]:
    known: set[tuple[str, str, str]] = set()
    for entry in index.entries():
        name = (entry.package, entry.version, entry.architecture)
        if name in known:
            yield Finding(f"{file} lists {' '.join(name)} twice")
        known.add(name)
        try:
            validate_control(entry.stanza, file)
        except DrayError as error:
            yield Finding(_say(error))
        if entry.filename in seen:
            continue
        seen.add(entry.filename)
        item = listing.get(entry.filename)
        if item is None:
            yield Finding(f"{entry.filename} is missing, and {file} lists it")
        elif item.size != entry.size:
            yield Finding(f"{entry.filename} has {item.size} bytes, and {file} says {entry.size}")


def _check_missing(suite: Suite) -> Iterator[Finding]:
    for component in suite.release.components:
        for architecture in suite.release.architectures:
            if find_listed(suite.release, index_path(component, architecture))[0] is None:
                yield Finding(f"{suite.folder}/InRelease lists no index of {component} for {architecture}")


def _check_generations(store: Store, suite: Suite, trusted: tuple[Certificate, ...]) -> Iterator[Finding]:
    for number, _ in list_generations(store, suite.name):
        key = generation_key(suite.name, number)
        found = store.get(key)
        try:
            release = read_release(found.data if found else b"", trusted, file=key)
            for listed in release.listed:
                if listed.path.endswith(tuple(CODECS)):
                    read_listed(store, Suite(suite.name, release), listed)
        except DrayError as error:
            yield Finding(f"generation {number} cannot be gone back to: {_say(error)}", damage=False)


def _check_packages(store: Store, suite: Suite, listing: Mapping[str, Item]) -> Iterator[Finding]:
    from dray.repository.suite import load_index  # noqa: PLC0415

    read: dict[str, Entry] = {}
    for component in suite.release.components:
        for architecture in suite.release.architectures:
            try:
                entries = load_index(store, suite, component, architecture).entries()
            except DrayError:
                continue  # told already
            read |= {entry.filename: entry for entry in entries}
    for filename, entry in read.items():
        if filename not in listing:
            continue
        found = store.get(filename)
        if found is None or hashlib.sha256(found.data).hexdigest() != entry.sha256:
            yield Finding(f"{filename} has other content than its index says")
