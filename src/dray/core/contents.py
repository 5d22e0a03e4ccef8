"""What a release consists of: files, symbolic links and directories, as values.

An entry says where it goes and where its bytes come from; it holds the bytes only where they were made in
memory. Whoever writes them (the tree, a tar, a package) reads them through ``dray.assemble.content``.

    File("etc/motd", b"Welcome")
    File("bin/tool", Path("rel/tool"), mode=0o755)
    Symlink("bin/shopctl", "shop")
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias, runtime_checkable


@runtime_checkable
class LazySource(Protocol):
    """Bytes that are made from a file when they are needed, such as a stripped module.

    ``key`` names the transformation with all its settings: the same file and the same key give the same bytes.
    The origin is plain text, not a ``Path``: a release has thousands of them, and a path costs as much as reading
    the file.
    """

    @property
    def origin(self) -> str:
        """The file that the bytes are made from."""

    @property
    def key(self) -> str:
        """The transformation and its settings."""

    def transform(self, data: bytes) -> bytes:
        """Return the bytes to install, from those of ``origin``."""


Source: TypeAlias = bytes | Path | LazySource


@dataclass(frozen=True, slots=True)
class Digest:
    """What identifies a file's bytes: their number and the SHA-256 in hexadecimal."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class File:
    """A regular file.

    Args:
        path: Where it goes, relative to the release's root, with ``/``.
        source: Its bytes, the file that holds them, or a ``LazySource``.
        mode: Permission bits.

    Raises:
        ValueError: ``path`` is absolute, empty or leaves the release.
    """

    path: str
    source: Source
    mode: int = 0o644

    def __post_init__(self) -> None:
        validate_path(self.path)


@dataclass(frozen=True, slots=True)
class Symlink:
    """A symbolic link to ``target``, which is taken as it is."""

    path: str
    target: str

    def __post_init__(self) -> None:
        validate_path(self.path)


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory that should exist even when it is empty."""

    path: str
    mode: int = 0o755

    def __post_init__(self) -> None:
        validate_path(self.path)


Entry: TypeAlias = File | Symlink | Directory


def validate_path(path: str) -> None:
    """Raise ValueError unless ``path`` is relative, normalised and inside the release."""
    if (
        path
        and path[0] not in "/."
        and path[-1] != "/"
        and "/." not in path
        and "//" not in path
        and "\0" not in path
    ):
        return
    # What is left is rare: names that begin with a dot are fine, "." and ".." are not.
    parts = path.split("/")
    if "\0" not in path and not any(part in {"", ".", ".."} for part in parts):
        return
    raise ValueError(f"a path in a release is relative, without '.' and '..', got: {path!r}")


def normalise_mode(mode: int) -> int:
    """Return 0755 for what its owner may execute and 0644 for the rest, whatever the umask was."""
    return 0o755 if mode & 0o100 else 0o644
