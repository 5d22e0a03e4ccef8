"""Publishes packages: puts them into the indices of a suite, next to the versions that are there."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dray.core.publication import Publication
from dray.errors import ConfigError, RepositoryError
from dray.package.debian_version import compare_versions, version_key
from dray.repository.host import build_keyring, source_name
from dray.repository.index import Entry, build_entry
from dray.repository.release_file import Description, validate_word
from dray.repository.store import Upload
from dray.repository.update import update_suite

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dray.package.read_deb import DebFile
    from dray.repository.draft import Draft
    from dray.repository.update import Repository

_DAY = 86400
_TOGETHER = "Dray-Packages"
"""The field with the packages, each with its version, that a package depends on in just that version."""
_DEFAULT_ARCHITECTURES = ("amd64", "arm64")


@dataclass(frozen=True, slots=True)
class Terms:
    """How packages are published.

    Args:
        suite: Where to.
        component: The part of the suite.
        rollout: The percentage of hosts that take them by themselves.
        keep: How many versions of each package stay; None for all.
        allow_downgrade: Whether a version may be published that is older than the newest one there.
        valid_days: After how many days without a publication or ``refresh`` apt takes the suite for outdated; None
            for as it was, 0 for never.
        about: What the suite says of itself; empty fields stay as they were.
        architectures: What the suite is for besides what the packages are for.
    """

    suite: str = "stable"
    component: str = "main"
    rollout: int = 100
    keep: int | None = None
    allow_downgrade: bool = False
    valid_days: int | None = None
    about: Description = field(default_factory=Description)
    architectures: tuple[str, ...] = ()


def validate_terms(terms: Terms) -> None:
    """Check how packages are to be published.

    Raises:
        ConfigError: A value makes no sense.
    """
    validate_word(terms.suite, "suite")
    validate_word(terms.component, "component")
    for name in terms.architectures:
        validate_word(name, "architecture")
    if not 0 <= terms.rollout <= 100:
        raise ConfigError("apt: rollout is a percentage of the hosts, from 0 to 100", got=str(terms.rollout))
    if terms.keep is not None and terms.keep < 1:
        raise ConfigError("apt: keep is how many versions stay, 1 or more", got=str(terms.keep))
    if terms.valid_days is not None and terms.valid_days < 0:
        raise ConfigError("apt: valid_days is a number of days, 0 for no end", got=str(terms.valid_days))


def publish_packages(repository: Repository, debs: Sequence[DebFile], terms: Terms) -> tuple[Publication, ...]:
    """Publish packages.

    Publishing what is there already changes its rollout, and nothing else.

    Args:
        repository: Where to.
        debs: The packages.
        terms: How.

    Returns:
        What was published, and what was there before.

    Raises:
        ConfigError: The terms make no sense.
        RepositoryError: A package does not fit what is there, or the store fails; nothing is published then.
        IntegrityError: What is there is damaged.
    """
    validate_terms(terms)
    _validate_each_once(debs)

    def change(draft: Draft) -> tuple[Publication, ...]:
        return _add_packages(draft, debs, terms, repository.store.address)

    published, release = update_suite(repository, terms.suite, change)
    if release.generation == 1:
        name = source_name(release.about.origin)
        keyring = Upload(f"{name}-archive-keyring.gpg", build_keyring(repository.certificates))
        with repository.store.lock():
            repository.store.put([keyring])
    return published


def _validate_each_once(debs: Iterable[DebFile]) -> None:
    seen: dict[tuple[str, str, str], DebFile] = {}
    for deb in debs:
        other = seen.setdefault((deb.package, deb.version, deb.architecture), deb)
        if other.sha256 != deb.sha256:
            raise RepositoryError(
                f"{other.path} and {deb.path} are both {deb.package} {deb.version} for {deb.architecture}",
                hint="publish one of them",
            )


def apply_terms(draft: Draft, terms: Terms, architectures: Iterable[str] = ()) -> None:
    """Let a draft say what the terms say of the suite."""
    wanted = {*terms.architectures, *architectures} - {"all"}
    if not wanted and not draft.release.architectures:
        wanted = set(_DEFAULT_ARCHITECTURES)
    draft.add_architectures(terms.component, sorted(wanted))
    old, new = draft.release.about, terms.about
    about = Description(
        new.origin or old.origin,
        new.label or (new.origin if not old.label else old.label),
        new.description or old.description,
    )
    release = replace(draft.release, about=about)
    if terms.valid_days is not None:
        until = release.date + terms.valid_days * _DAY if terms.valid_days else None
        release = replace(release, valid_until=until)
    draft.release = release


def _add_packages(draft: Draft, debs: Sequence[DebFile], terms: Terms, address: str) -> tuple[Publication, ...]:
    apply_terms(draft, terms, (deb.architecture for deb in debs))
    published: dict[tuple[str, str], Publication] = {}
    known: set[str] = set()
    for architecture, added in _sort_by_architecture(debs, draft.release.architectures).items():
        index = draft.index(terms.component, architecture)
        before = index.find_all(deb.package for deb in added)
        after = {name: list(entries) for name, entries in before.items()}
        fresh: set[str] = set()
        for deb in added:
            old = before[deb.package]
            _validate_fits(deb, old, terms, address)
            published.setdefault((deb.package, deb.version), _describe(deb, old, terms, address))
            known |= {entry.filename for entry in old}
            entry = build_entry(deb, pool_path(deb, terms.component), terms.rollout)
            fresh.add(entry.filename)
            others = [item for item in after[deb.package] if compare_versions(item.version, deb.version) != 0]
            after[deb.package] = [*others, entry]
        kept = {name: _retain(entries, fresh, terms.keep) for name, entries in after.items()}
        draft.set_index(terms.component, architecture, index.replace(kept))
    _validate_together(draft, debs, terms, address)
    uploads = {pool_path(deb, terms.component): deb.path for deb in debs}
    draft.uploads = [Upload(key, path) for key, path in uploads.items() if key not in known]
    return tuple(published.values())


def _sort_by_architecture(debs: Sequence[DebFile], architectures: Sequence[str]) -> dict[str, list[DebFile]]:
    """Return the packages of each index: what runs everywhere is in all of them."""
    found: dict[str, list[DebFile]] = {}
    for deb in debs:
        for name in architectures if deb.architecture == "all" else (deb.architecture,):
            found.setdefault(name, []).append(deb)
    return found


def _describe(deb: DebFile, old: Sequence[Entry], terms: Terms, address: str) -> Publication:
    others = [entry for entry in old if compare_versions(entry.version, deb.version) != 0]
    newest = _newest(others)
    return Publication(
        repository=address,
        package=deb.package,
        version=deb.version,
        previous=newest.version if newest else "",
        previous_commit=newest.commit if newest else "",
        rollout=terms.rollout,
    )


def _validate_fits(deb: DebFile, old: Sequence[Entry], terms: Terms, address: str) -> None:
    """Check a package against the versions of it that are there.

    Raises:
        RepositoryError: It is another one of the same version, or goes back.
    """
    for entry in old:
        order = compare_versions(deb.version, entry.version)
        if order == 0 and entry.sha256 != deb.sha256:
            raise RepositoryError(
                f"{address} has {deb.package} {entry.version} for {entry.architecture} with other content: a version "
                "is published once, since caches and hosts keep its file",
                got=str(deb.path),
                hint='give each build its own version: release(version="{mix}+{git}")',
            )
        if order < 0 and not terms.allow_downgrade:
            raise RepositoryError(
                f"{address} has {deb.package} {entry.version}, which is newer: hosts would not take an older version",
                got=deb.version,
                hint="to let hosts go back, dray apt rollback; to publish it all the same: --allow-downgrade",
            )


def _validate_together(draft: Draft, debs: Iterable[DebFile], terms: Terms, address: str) -> None:
    """Check that a package which holds others together comes with them: a part of them would tear hosts apart.

    Raises:
        RepositoryError: One of them is missing.
    """
    for deb in debs:
        wanted = [word.partition("=") for word in deb.control.get(_TOGETHER).split()]
        if not wanted:
            continue
        names = {name for name, _, _ in wanted}
        found = {
            (entry.package, entry.version)
            for architecture in draft.release.architectures
            for entries in draft.index(terms.component, architecture).find_all(names).values()
            for entry in entries
        }
        missing = [f"{name} {version}" for name, _, version in wanted if (name, version) not in found]
        if missing:
            raise RepositoryError(
                f"{deb.package} {deb.version} holds packages together that {address} does not have: "
                f"{', '.join(missing)}",
                got=str(deb.path),
                hint="publish all of them at once: dray apt publish FILE FILE ...",
            )


def _retain(entries: Sequence[Entry], published: set[str], keep: int | None) -> list[Entry]:
    """Return the newest versions, and what is published now in any case."""
    if keep is None or len(entries) <= keep:
        return list(entries)
    ordered = sorted(entries, key=lambda entry: version_key(entry.version), reverse=True)
    stay = [entry for entry in ordered if entry.filename in published]
    others = [entry for entry in ordered if entry.filename not in published]
    return [*stay, *others[: max(0, keep - len(stay))]]


def _newest(entries: Sequence[Entry]) -> Entry | None:
    return max(entries, key=lambda entry: version_key(entry.version)) if entries else None


def pool_path(deb: DebFile, component: str) -> str:
    """Return where a package goes, relative to the repository's root.

    The file's name has no epoch, as everywhere in Debian; versions of other epochs stand in folders of their own.
    """
    name, plain = deb.package, deb.version
    folder = f"pool/{component}/{name[:4] if name.startswith('lib') else name[0]}/{name}"
    if ":" in plain:
        epoch, _, plain = plain.partition(":")
        folder += f"/epoch-{int(epoch)}" if int(epoch) else ""
    return f"{folder}/{name}_{plain}_{deb.architecture}.deb"
