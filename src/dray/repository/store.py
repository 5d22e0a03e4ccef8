"""Where a repository is stored: a folder, another machine, a bucket. One interface for all.

A store holds files under keys, such as ``dists/stable/InRelease``. Readers see a file whole, in its old or its new
content. ``replace`` is the one operation that decides between two publishers: of two that have read the same content,
one gets ``True``. Where a store can be locked, publishers come one after the other in the first place.

    with store.lock():
        found = store.get("dists/stable/InRelease")
        store.put_new([Upload("pool/main/s/shop/shop_1.0_amd64.deb", Path("shop.deb"))])
        store.replace("dists/stable/InRelease", data, found.etag)
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

from dray.errors import RepositoryError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

Body: TypeAlias = bytes | Path

IMMUTABLE = ("pool/", "by-hash/", "generations/", "files/", "manifests/")
"""What stands below such a folder never changes its content: whoever caches it may keep it for ever."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A file of a store.

    Args:
        data: Its bytes.
        etag: Stands for this content in ``replace``.
    """

    data: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to store.

    Args:
        key: Where.
        body: Its bytes, or the local file that holds them.
    """

    key: str
    body: Body

    def read(self) -> bytes:
        """Return the bytes."""
        return self.body if isinstance(self.body, bytes) else self.body.read_bytes()


@dataclass(frozen=True, slots=True)
class Item:
    """What a listing says of a file: key, size in bytes, and time of the last change in seconds since 1970."""

    key: str
    size: int
    modified: float


class Store(Protocol):
    """Holds the files of a repository.

    Every method raises ``RepositoryError`` where the store cannot do its work, and ``ValueError`` for a key that
    leaves it.
    """

    @property
    def address(self) -> str:
        """Where it is, as the user names it."""

    def lock(self) -> AbstractContextManager[None]:
        """Keep other publishers out while the block lasts; nothing where ``replace`` alone decides."""

    def get(self, key: str) -> Stored | None:
        """Return a file; None where there is none."""

    def put_new(self, uploads: Sequence[Upload]) -> tuple[str, ...]:
        """Store files that are not there yet; all of them are durable when it returns.

        Returns:
            The keys of those that are there already, whose content stays.
        """

    def put(self, uploads: Sequence[Upload]) -> None:
        """Store files, whether they are there or not."""

    def replace(self, key: str, data: bytes, etag: str | None) -> bool:
        """Store a file if its content is still the one that was read.

        Args:
            key: The file.
            data: The new content.
            etag: What ``get`` said of the old one; None where there was none.

        Returns:
            Whether it was; otherwise nothing has changed.
        """

    def list_items(self, prefix: str) -> tuple[Item, ...]:
        """Return the files whose keys begin with a folder's name and ``/``, by key; all of them for ``""``."""

    def delete(self, keys: Sequence[str]) -> None:
        """Remove files, if they are there."""


def validate_key(key: str) -> str:
    """Return a key.

    Raises:
        ValueError: It is absolute, leaves the store, or has an empty part.
    """
    plain = key and "/." not in key and "//" not in key and key[0] not in "/." and key[-1] != "/" and "\0" not in key
    if not plain and (any(part in {"", ".", ".."} for part in key.split("/")) or "\0" in key):
        raise ValueError(f"a key is a relative path without '.' and '..', got: {key!r}")
    return key


def is_immutable(key: str) -> bool:
    """Tell whether the content of a key never changes."""
    return any(f"/{folder}" in f"/{key}" for folder in IMMUTABLE)


def fail(store: Store, what: str, error: object) -> RepositoryError:
    """Return the error of a store that could not do something."""
    hint = "hosts see what was published before, or all of the new; mend the cause and publish again"
    return RepositoryError(f"{store.address}: {what}: {error}", hint=hint)
