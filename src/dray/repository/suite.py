"""A suite of an apt repository as it is published.

dists/SUITE/InRelease                                  signed; lists the indices
dists/SUITE/COMPONENT/binary-ARCH/Packages.gz          for programs that do not ask by checksum
dists/SUITE/COMPONENT/binary-ARCH/by-hash/SHA256/...   what apt reads
dists/SUITE/generations/N                              the InRelease of earlier publications
pool/COMPONENT/s/shop/shop_1.0-1_amd64.deb             the packages
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.errors import IntegrityError
from dray.package.codec import CODECS
from dray.repository.index import Index, parse_index
from dray.repository.keys import strip_signature, verify_text
from dray.repository.release_file import Listed, ReleaseFile, parse_release

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dray.package.codec import Codec
    from dray.repository.keys import Certificate
    from dray.repository.store import Store


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
