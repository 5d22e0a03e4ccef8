"""The release in a Debian package that dray made: its files, read one after the other and not unpacked to disk.

They stand at ``usr/lib/PACKAGE``; what lies around them belongs to the host. A package brings what names the version
to start in ``.first``, and leaves out what only developers need (``dray.package.deb.files``).

    for entry in iterate_package(Path("shop_0.1.0-1_amd64.deb")):
        print(entry.path)
"""

from __future__ import annotations

import contextlib
import re
import tarfile
from typing import TYPE_CHECKING

from dray.assemble.content import read_source
from dray.core.contents import File, Symlink, normalise_mode
from dray.deb_file import MAGIC, damaged, open_data, read_members
from dray.errors import DrayError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dray.deb_file import DebMembers

_LARGEST = 2 << 30
"""So many bytes are unpacked at most: all of OTP is 100 MB."""
_MOST = 500_000
"""So many entries are read at most."""
_PART = 1 << 18
_FIRST = ".first/"
_FIELD = re.compile(rb"^([A-Z][A-Za-z-]*):[ \t]*(.*?)[ \t\r]*$", re.MULTILINE)
_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+")
# What tarfile raises for archives that no program has written, besides its own errors.
_DAMAGE = (tarfile.TarError, ValueError, OverflowError, RecursionError, MemoryError, EOFError)


def is_package(path: Path) -> bool:
    """Tell whether a file is a Debian package, by its first bytes."""
    with contextlib.suppress(OSError), path.open("rb") as source:
        return source.read(len(MAGIC)) == MAGIC
    return False


def read_title(path: Path) -> tuple[str, str] | None:
    """Return name and version of the release that a package says it holds; None where it holds no whole one."""
    with contextlib.suppress(OSError, DrayError), path.open("rb") as source:
        members = read_members(source, path)
        said = _find_field(members, b"Dray-Release").split(" ")
        return (said[0], said[1]) if len(said) == 2 and not _find_field(members, b"Dray-Runtime") else None
    return None


def iterate_package(path: Path) -> Iterator[File | Symlink]:
    """Yield the files and links of the release in a package, as they are in the release's own tree.

    Raises:
        UsageError: dray has not made it of a release.
        IntegrityError: It is damaged, or was made to harm.
        OSError: It cannot be read.
    """
    with path.open("rb") as source:
        members = read_members(source, path)
        root = _find_root(members, path)
        reader = open_data(source, members, path, limit=_LARGEST)
        files: set[str] = set()
        folders: set[str] = set()
        try:
            with tarfile.open(
                fileobj=reader, mode="r|", bufsize=_PART, encoding="utf-8", errors="surrogateescape"
            ) as archive:
                for count, member in enumerate(archive):
                    name = member.name.removeprefix("./")
                    if count >= _MOST:
                        raise damaged(path, f"it holds more than {_MOST} files")
                    if name.startswith(root) and not member.isdir():
                        entry = _build_entry(archive, member, name.removeprefix(root))
                        _validate_place(entry.path, files, folders)
                        yield entry
        except _DAMAGE as error:
            raise damaged(path, f"data.tar{members.suffix}: {error}") from None
    if not any(name.startswith("releases/") for name in files):
        raise UsageError(
            f"{path} holds no release, only parts of one", hint="give the package with its folder releases"
        )


def unpack_package(path: Path, folder: Path) -> None:
    """Write the release in a package to a folder, as it is in its own tree.

    Links come last, so that nothing is written through one.

    Raises:
        UsageError: dray has not made it of a release.
        IntegrityError: It is damaged, or was made to harm.
        OSError: It cannot be read, or the folder cannot be written.
    """
    links: list[Symlink] = []
    for entry in iterate_package(path):
        if isinstance(entry, Symlink):
            links.append(entry)
            continue
        target = folder / entry.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(read_source(entry.source))
        target.chmod(entry.mode)
    for link in links:
        (folder / link.path).parent.mkdir(parents=True, exist_ok=True)
        (folder / link.path).symlink_to(link.target)


def _find_root(members: DebMembers, path: Path) -> str:
    """Return where the release is in a package."""
    package = _find_field(members, b"Package")
    if not _NAME.fullmatch(package) or not _find_field(members, b"Dray-Release"):
        raise UsageError(
            f"{path} is a Debian package, but none that dray made of a release",
            hint="such a package has the field Dray-Release: dpkg-deb -f FILE",
        )
    runtime = _find_field(members, b"Dray-Runtime")
    if runtime:
        raise UsageError(
            f"{path} holds a release without its runtime, which is in the package {runtime}",
            hint="give the release's archive or its folder",
        )
    return f"usr/lib/{package}/"


def _find_field(members: DebMembers, name: bytes) -> str:
    found = dict(_FIELD.findall(members.control)).get(name, b"")
    return str(found, "utf-8", "replace")


def _build_entry(archive: tarfile.TarFile, member: tarfile.TarInfo, inner: str) -> File | Symlink:
    """Return a member as an entry of the release.

    Raises:
        ValueError: A package of dray's has no such member.
    """
    place = f"releases/{inner.removeprefix(_FIRST)}" if inner.startswith(_FIRST) else inner
    if member.issym():
        return Symlink(place, member.linkname)
    if not member.isreg() or member.issparse() or member.size > _LARGEST:
        raise ValueError(f"{inner!r} is no plain file and no symbolic link")
    content = archive.extractfile(member)
    return File(place, content.read() if content else b"", normalise_mode(member.mode))


def _validate_place(place: str, files: set[str], folders: set[str]) -> None:
    """Remember where an entry is.

    Raises:
        ValueError: Something else is there already, or a file where its folder would be.
    """
    above = {place[:end] for end in range(len(place)) if place[end] == "/"}
    if place in files or place in folders or above & files:
        raise ValueError(f"{place!r} is there twice")
    files.add(place)
    folders |= above
