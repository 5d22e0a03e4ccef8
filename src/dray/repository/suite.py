"""A suite of an apt repository as it is published, and a draft of what comes next.

dists/SUITE/InRelease                                  signed; lists the indices
dists/SUITE/COMPONENT/binary-ARCH/Packages.gz          for programs that do not ask by checksum
dists/SUITE/COMPONENT/binary-ARCH/by-hash/SHA256/...   what apt reads
dists/SUITE/generations/N                              the InRelease of earlier publications
pool/COMPONENT/s/shop/shop_1.0-1_amd64.deb             the packages
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dray.errors import IntegrityError
from dray.package.codec import CODECS, GZIP, XZ, ZSTD
from dray.repository.index import Index, parse_index
from dray.repository.keys import strip_signature, verify_text
from dray.repository.release_file import Listed, ReleaseFile, parse_release
from dray.repository.store import Upload

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dray.package.codec import Codec
    from dray.repository.keys import Certificate
    from dray.repository.store import Store

MANY_PACKAGES = 5000
"""From so many packages on, an index is packed with gzip and zstd: xz would take seconds."""


@dataclass(frozen=True, slots=True)
class Suite:
    """A suite as it was read.

    Args:
        name: Its name.
        release: Its ``Release``; an empty one where there is none yet.
        etag: What its ``InRelease`` has to be for a publication to take its place; None where there is none.
        signed: The bytes of ``InRelease``.
    """

    name: str
    release: ReleaseFile
    etag: str | None = None
    signed: bytes = b""

    @property
    def folder(self) -> str:
        """Where it is."""
        return f"dists/{self.name}"


def inrelease_key(suite: str) -> str:
    """Return where the signed ``Release`` of a suite is."""
    return f"dists/{suite}/InRelease"


def generation_key(suite: str, generation: int) -> str:
    """Return where the ``InRelease`` of an earlier publication is kept."""
    return f"dists/{suite}/generations/{generation}"


def read_suite(store: Store, name: str, trusted: Iterable[Certificate]) -> Suite:
    """Return a suite.

    Args:
        store: Where the repository is.
        name: The suite.
        trusted: The keys that may have signed it; see ``read_release``.

    Raises:
        IntegrityError: It is not signed by one of them, or damaged.
        RepositoryError: The store fails.
    """
    key = inrelease_key(name)
    found = store.get(key)
    if found is None:
        return Suite(name, ReleaseFile(name))
    release = read_release(found.data, trusted, file=f"{store.address}/{key}")
    return Suite(name, release, found.etag, found.data)


def read_suite_or_ruin(store: Store, name: str, trusted: Iterable[Certificate]) -> Suite:
    """Return a suite; one without contents, which can be replaced, where its ``InRelease`` is damaged or gone.

    Raises:
        RepositoryError: The store fails.
    """
    try:
        return read_suite(store, name, trusted)
    except IntegrityError:
        found = store.get(inrelease_key(name))
        return Suite(name, ReleaseFile(name), found.etag if found else None)


def read_release(signed: bytes, trusted: Iterable[Certificate], *, file: str) -> ReleaseFile:
    """Return what an ``InRelease`` says.

    Args:
        signed: Its bytes.
        trusted: The keys that may have signed it; where there are none, its signature is not verified.
        file: Where it was read, for messages.

    Raises:
        IntegrityError: It is not signed by one of the keys, or damaged.
    """
    keys = tuple(trusted)
    text = verify_text(signed, keys, file=file) if keys else strip_signature(signed, file=file)
    return parse_release(text, file=file)


def index_path(component: str, architecture: str) -> str:
    """Return where an index is, relative to the suite's folder."""
    return f"{component}/binary-{architecture}/Packages"


def load_index(store: Store, suite: Suite, component: str, architecture: str) -> Index:
    """Return an index; an empty one where the suite has none.

    Raises:
        IntegrityError: It is missing or damaged.
    """
    path = index_path(component, architecture)
    codec, listed = find_listed(suite.release, path)
    if codec is None or listed is None:
        return Index()
    data = read_listed(store, suite, listed)
    try:
        return parse_index(codec.decompress(data), file=f"{store.address}/{suite.folder}/{listed.path}")
    except ValueError as error:
        raise IntegrityError(f"{store.address}/{suite.folder}/{listed.path} is damaged: {error}") from None


def find_listed(release: ReleaseFile, path: str) -> tuple[Codec | None, Listed | None]:
    """Return in which compression an index is there, the fastest to read first."""
    for suffix, codec in CODECS.items():
        listed = release.find(path + suffix)
        if listed is not None:
            return codec, listed
    return None, None


def read_listed(store: Store, suite: Suite, listed: Listed) -> bytes:
    """Return the bytes of an index, checked.

    Raises:
        IntegrityError: It is missing, or not what ``Release`` says.
    """
    found = store.get(f"{suite.folder}/{listed.by_hash}")
    what = f"{store.address}/{suite.folder}/{listed.by_hash}"
    hint = "dray apt check says what else is damaged; dray apt rollback goes back to what is not"
    if found is None:
        raise IntegrityError(f"{what} is missing, and InRelease lists it", hint=hint)
    if len(found.data) != listed.size or hashlib.sha256(found.data).hexdigest() != listed.sha256:
        raise IntegrityError(f"{what} is not what InRelease says", hint=hint)
    return found.data


@dataclass
class Draft:
    """What a publication changes of a suite.

    Args:
        store: Where the repository is.
        suite: The suite as it is.
        release: What becomes of ``Release``; sizes and checksums of changed indices come later.
        changed: The indices that are not as they were, by component and architecture.
        uploads: New packages.
        restored: Further files that are written with the indices.
    """

    store: Store
    suite: Suite
    release: ReleaseFile
    changed: dict[tuple[str, str], Index] = field(default_factory=dict)
    uploads: list[Upload] = field(default_factory=list)
    restored: list[Upload] = field(default_factory=list)
    _loaded: dict[tuple[str, str], Index] = field(default_factory=dict)

    def index(self, component: str, architecture: str) -> Index:
        """Return an index as the draft has it."""
        key = (component, architecture)
        if key in self.changed:
            return self.changed[key]
        if key not in self._loaded:
            self._loaded[key] = load_index(self.store, self.suite, component, architecture)
        return self._loaded[key]

    def set_index(self, component: str, architecture: str, index: Index) -> None:
        """Change an index; one that stays as it was is not written anew."""
        if (component, architecture) in self.changed or index.blocks != self.index(component, architecture).blocks:
            self.changed[component, architecture] = index

    def add_architectures(self, component: str, architectures: Iterable[str]) -> None:
        """Make room for a component and for architectures: what runs everywhere is in the index of each."""
        release = self.release
        components = release.components if component in release.components else (*release.components, component)
        wanted = tuple(sorted({*release.architectures, *architectures} - {"all"}))
        for new in [name for name in wanted if name not in release.architectures]:
            for part in release.components:
                everywhere = self._everywhere(part)
                self.changed[part, new] = Index(everywhere)
        if component not in release.components:
            self.changed |= {(component, name): Index() for name in wanted}
        self.release = replace(release, components=components, architectures=wanted)

    def _everywhere(self, component: str) -> tuple[str, ...]:
        if not self.release.architectures:
            return ()
        index = self.index(component, self.release.architectures[0])
        return tuple(block for block in index.blocks if "\nArchitecture: all\n" in f"{block}\n")


def pack_indices(draft: Draft) -> tuple[ReleaseFile, list[Upload]]:
    """Return ``Release`` with the changed indices, and the files that they become."""
    kept = {item.path: item for item in draft.release.listed}
    uploads = list(draft.restored)
    folder = draft.suite.folder
    for (component, architecture), index in sorted(draft.changed.items()):
        path = index_path(component, architecture)
        data = index.format()
        codecs = (GZIP, ZSTD) if len(index) > MANY_PACKAGES else (GZIP, XZ)
        packed = _pack_side_by_side(data, codecs)
        for suffix in CODECS:
            kept.pop(path + suffix, None)
        kept[path] = Listed(path, len(data), hashlib.sha256(data).hexdigest())
        for codec, body in zip(codecs, packed, strict=True):
            listed = Listed(path + codec.suffix, len(body), hashlib.sha256(body).hexdigest())
            kept[listed.path] = listed
            uploads += [Upload(f"{folder}/{listed.by_hash}", body), Upload(f"{folder}/{listed.path}", body)]
    return replace(draft.release, listed=tuple(kept[path] for path in sorted(kept))), uploads


def _pack_side_by_side(data: bytes, codecs: tuple[Codec, ...]) -> tuple[bytes, ...]:
    """Return data in two compressions, made at the same time."""
    first, second = codecs
    made: list[bytes] = []
    other = threading.Thread(target=lambda: made.append(second.compress(data)))
    other.start()
    mine = first.compress(data)
    other.join()
    return mine, made[0]
