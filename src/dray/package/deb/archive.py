"""The file of a Debian package, see ``deb(5)``: an ``ar`` archive of a version number and two tar archives.

It is written straight from values: no staging tree, no program of Debian's. The same package gives the same bytes:
entries sorted, owned by root, with one time for all. Memory stays small whatever the size: the data archive, which
stands last but decides the checksums of the control archive, waits in a file beside the target.
"""

from __future__ import annotations

import hashlib
import tarfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dray.assemble.content import read_source
from dray.core.contents import Digest, Directory, Entry, File
from dray.package.tar_entry import build_tar_info

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from dray.package.deb.codec import Codec
    from dray.package.deb.package import DebPackage

_PART = 1 << 20
_ENDING = bytes(2 * tarfile.BLOCKSIZE)


def write_deb(package: DebPackage, path: Path, *, codec: Codec, mtime: int) -> Digest:
    """Write a package's file.

    Args:
        package: The package.
        path: The file; it has its old or its new content, whatever happens.
        codec: How the archives are compressed.
        mtime: The time of all entries, in seconds since 1970.

    Returns:
        Size and checksum of the file.

    Raises:
        OSError: A file cannot be read, or the package cannot be written.
    """
    temporary, waiting = path.with_name(f".{path.name}.new"), path.with_name(f".{path.name}.data")
    try:
        with waiting.open("w+b") as data, temporary.open("wb") as target:
            archive = _Archive(mtime)
            for part in codec.compress(archive.split(package.contents)):
                data.write(part)
            control = b"".join(codec.compress([_build_control(package, archive, mtime)]))
            checksum = hashlib.sha256()
            for part in _iterate_ar(control, data, codec.suffix, mtime):
                target.write(part)
                checksum.update(part)
            digest = Digest(target.tell(), checksum.hexdigest())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
        waiting.unlink(missing_ok=True)
    return digest


@dataclass
class _Archive:
    """The data archive while it is made, and what the control archive says of it.

    Args:
        mtime: The time of all entries.
        md5sums: A line for each file.
        kilobytes: What its files take on disk, each rounded up, and one for all else.
    """

    mtime: int
    md5sums: list[str] = field(default_factory=list)
    kilobytes: int = 0

    def split(self, contents: Sequence[Entry]) -> Iterator[bytearray]:
        """Yield the archive in parts of about a megabyte."""
        part = bytearray(_build_root(self.mtime))
        for entry in list_with_folders(contents):
            data = b""
            if isinstance(entry, File):
                data = read_source(entry.source)
                self.md5sums.append(f"{hashlib.md5(data, usedforsecurity=False).hexdigest()}  {entry.path}\n")
            self.kilobytes += -(-len(data) // 1024) if isinstance(entry, File) else 1
            part += build_header(entry, len(data), self.mtime)
            part += data
            part += bytes(-len(data) % tarfile.BLOCKSIZE)
            if len(part) >= _PART:
                yield part
                part = bytearray()
        part += _ENDING
        yield part


def list_with_folders(contents: Iterable[Entry]) -> list[Entry]:
    """Return the entries sorted by path, each folder above them included."""
    entries = {entry.path: entry for entry in contents}
    for path in tuple(entries):
        parent = path.rpartition("/")[0]
        while parent and parent not in entries:
            entries[parent] = Directory(parent)
            parent = parent.rpartition("/")[0]
    return [entries[path] for path in sorted(entries)]


def build_header(entry: Entry, size: int, mtime: int) -> bytes:
    """Return the header of an entry in the format of GNU tar: below the root, and owned by root."""
    info = build_tar_info(entry, size, mtime)
    info.name = f"./{entry.path}/" if info.isdir() else f"./{entry.path}"
    info.uname = info.gname = "root"
    return info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")


def _build_root(mtime: int) -> bytes:
    info = tarfile.TarInfo("./")
    info.type, info.mode, info.mtime = tarfile.DIRTYPE, 0o755, mtime
    info.uname = info.gname = "root"
    return info.tobuf(tarfile.GNU_FORMAT)


def format_fields(fields: Iterable[tuple[str, str]]) -> str:
    """Return control fields as ``deb-control(5)`` writes them; further lines of a value are indented."""
    return "".join(f"{name}: {value.replace(chr(10), chr(10) + ' ')}\n" for name, value in fields)


def _build_control(package: DebPackage, archive: _Archive, mtime: int) -> bytes:
    fields = [*package.fields]
    place = 1 + next((n for n, (name, _) in enumerate(fields) if name == "Maintainer"), len(fields) - 1)
    fields.insert(place, ("Installed-Size", str(archive.kilobytes)))
    files = [File("control", format_fields(fields).encode())]
    if archive.md5sums:
        files.append(File("md5sums", "".join(archive.md5sums).encode()))
    if package.conffiles:
        files.append(File("conffiles", "".join(f"/{path}\n" for path in package.conffiles).encode()))
    files += package.scripts
    out = bytearray(_build_root(mtime))
    for file in sorted(files, key=lambda file: file.path):
        data = read_source(file.source)
        out += build_header(file, len(data), mtime) + data + bytes(-len(data) % tarfile.BLOCKSIZE)
    return bytes(out + _ENDING)


def _iterate_ar(control: bytes, data: BinaryIO, suffix: str, mtime: int) -> Iterator[bytes]:
    """Yield the outer archive, see ``ar(5)``: members begin at even places."""
    size = data.tell()
    yield b"!<arch>\n"
    for name, member in (("debian-binary", b"2.0\n"), (f"control.tar.{suffix}", control)):
        yield _ar_header(name, len(member), mtime) + member + b"\n" * (len(member) % 2)
    yield _ar_header(f"data.tar.{suffix}", size, mtime)
    data.seek(0)
    yield from iter(lambda: data.read(_PART), b"")
    yield b"\n" * (size % 2)


def _ar_header(name: str, size: int, mtime: int) -> bytes:
    return f"{name:<16}{mtime:<12}{0:<6}{0:<6}{100644:<8}{size:<10}`\n".encode()
