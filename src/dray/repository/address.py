"""Stores by their addresses: ``/srv/apt``, ``ssh://user@host/srv/apt``, ``s3://bucket/folder``."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from dray.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dray.repository.store import Store

_KINDS = "a folder, ssh://[USER@]HOST[:PORT]/PATH, or s3://BUCKET[/FOLDER]"


@contextlib.contextmanager
def open_store(address: str, *, root: Path | None = None) -> Iterator[Store]:
    """Open the store at an address.

    Args:
        address: A folder, ``ssh://...`` or ``s3://...``.
        root: What a relative folder is relative to; the current folder where it is None.

    Yields:
        The store.

    Raises:
        ConfigError: It is no address.
    """
    scheme, separator, rest = address.partition("://")
    if not separator:
        from dray.repository.folder import FolderStore  # noqa: PLC0415 - one kind is needed

        yield FolderStore((root or Path.cwd()) / Path(address.removeprefix("file:")).expanduser())
    elif scheme == "file" and rest.startswith("/"):
        from dray.repository.folder import FolderStore  # noqa: PLC0415

        yield FolderStore(Path(rest))
    elif scheme == "s3":
        from dray.repository.s3 import S3Store  # noqa: PLC0415

        bucket, _, prefix = rest.partition("/")
        if not bucket:
            raise ConfigError(f"a repository is {_KINDS}", got=address)
        yield S3Store(bucket, prefix.strip("/"))
    elif scheme == "ssh":
        with _open_ssh(address) as store:
            yield store
    else:
        raise ConfigError(f"a repository is {_KINDS}", got=address)


@contextlib.contextmanager
def _open_ssh(address: str) -> Iterator[Store]:
    import tempfile  # noqa: PLC0415 - of one kind of address
    from urllib.parse import urlsplit  # noqa: PLC0415

    from dray.repository.ssh import SshPlace, SshStore  # noqa: PLC0415

    try:
        found = urlsplit(address)
        port = found.port
    except ValueError:
        raise ConfigError(f"a repository is {_KINDS}", got=address) from None
    if not found.hostname or len(found.path) < 2 or found.netloc.startswith("-"):
        raise ConfigError(f"a repository is {_KINDS}", got=address)
    host = f"{found.username}@{found.hostname}" if found.username else found.hostname
    with tempfile.TemporaryDirectory(prefix="dray-ssh-") as control:
        store = SshStore(SshPlace(host, found.path.rstrip("/") or "/", port), control=control)
        try:
            yield store
        finally:
            store.close()
