"""The file of a Debian package for who reads it, see ``deb(5)``: an ``ar`` archive of a version and two tar archives.

Of the first, the file ``control`` is taken; the second is read in parts. A damaged file, or one that was made to
harm, is an ``IntegrityError``, whatever it holds.

    with open("shop_1.0-1_amd64.deb", "rb") as source:
        members = read_members(source, path)
        data = open_data(source, members, path, limit=2 << 30)
"""

from __future__ import annotations

import io
import lzma
import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from dray.errors import IntegrityError
from dray.packed import PackedReader, load_zstd

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MAGIC = b"!<arch>\n"
_HEADER = 60
_BLOCK = 512
_LARGEST_CONTROL = 16 << 20
"""So many bytes of control files, unpacked, are read at most: those of real packages have some hundred kilobytes."""

_PART = 1 << 18
_SMALL = 1 << 16
_LARGEST = 64 << 30
"""So many bytes of files are unpacked at most to see that they can be."""
_CHECKED = frozenset({".gz", ".xz"})
_BINARY = 0x80
_OCTAL = re.compile(rb"[0-7]*")


@dataclass(frozen=True, slots=True)
class DebMembers:
    """What a package consists of.

    Args:
        control: The bytes of its file ``control``.
        suffix: How the archive of its files is compressed, such as ``.zst``; empty where it is not.
        start: Where that archive begins.
        size: The number of its bytes.
    """

    control: bytes
    suffix: str
    start: int
    size: int


def read_members(source: BinaryIO, path: Path) -> DebMembers:
    """Return what a package consists of.

    Args:
        source: The open file.
        path: Where it is, for messages.

    Raises:
        OSError: It cannot be read.
        IntegrityError: It is no Debian package, or is damaged.
    """
    source.seek(0)
    if source.read(len(MAGIC)) != MAGIC:
        raise damaged(path, "it does not begin as an ar archive does")
    name, size = _read_member(source, path)
    if name != "debian-binary" or size > _BLOCK:
        raise damaged(path, f"its first member is debian-binary, not {name!r}")
    version = _read_data(source, size, path)
    if not version.startswith(b"2."):
        raise damaged(path, f"its format has the version 2, not {version[:10]!r}")
    name, size = _read_member(source, path)
    while name.startswith("_"):  # deb(5): programs ignore members of such names here
        _read_data(source, size, path)
        name, size = _read_member(source, path)
    if not name.startswith("control.tar") or size > _LARGEST_CONTROL:
        raise damaged(path, f"its second member is control.tar, not {name!r} of {size} bytes")
    control = _find_control(_unpack(_read_data(source, size, path), name, path), path)
    name, size = _read_member(source, path)
    if not name.startswith("data.tar"):
        raise damaged(path, f"its third member is data.tar, not {name!r}")
    start = source.tell()
    if source.seek(0, 2) < start + size:
        raise damaged(path, "it is cut off")
    return DebMembers(control, name.removeprefix("data.tar"), start, size)


def open_data(source: BinaryIO, members: DebMembers, path: Path, *, limit: int) -> PackedReader:
    """Return what reads the tar archive of a package's files.

    Args:
        source: The open file.
        members: What it consists of.
        path: Where it is, for messages.
        limit: How many bytes are unpacked at most.

    Raises:
        IntegrityError: It is packed with something else than Debian packages are.
    """
    source.seek(members.start)
    try:
        return PackedReader(source, members.size, members.suffix, limit=limit)
    except ValueError as error:
        raise damaged(path, f"data.tar{members.suffix}: {error}") from None


def validate_data(source: BinaryIO, members: DebMembers, path: Path) -> None:
    """Read the archive of a package's files to its end: what dpkg would stumble over.

    gzip and xz have checksums; otherwise the headers of the archive have to do.

    Args:
        source: The open file.
        members: What it consists of.
        path: Where it is, for messages.

    Raises:
        IntegrityError: It is damaged.
        OSError: It cannot be read.
    """
    try:
        if members.suffix == ".gz" and members.size <= _SMALL:  # there may be thousands; it grows a thousand times
            source.seek(members.start)
            zlib.decompress(source.read(members.size), 31)
            return
        data = io.BufferedReader(open_data(source, members, path, limit=_LARGEST), _PART)
        if members.suffix not in _CHECKED:
            _validate_headers(data)
        while data.read(_PART):
            pass
    except (ValueError, EOFError, zlib.error) as error:
        raise damaged(path, f"data.tar{members.suffix}: {error}") from None


def _validate_headers(data: BinaryIO) -> None:
    while (header := _read_exactly(data, _BLOCK)).strip(b"\0"):
        size = _validate_header(header)
        for left in range(size + -size % _BLOCK, 0, -_PART):
            _read_exactly(data, min(left, _PART))


def _validate_header(header: bytes) -> int:
    """Return the size of a member of a tar archive.

    Raises:
        ValueError: Its header is damaged.
    """
    checksum, size = header[148:156].strip(b"\0 "), header[124:136]
    if not _OCTAL.fullmatch(checksum) or int(checksum or b"0", 8) != sum(header[:148]) + sum(header[156:]) + 256:
        raise ValueError("it has a damaged header")
    if size[0] == _BINARY:  # GNU tar's way to write sizes from 8 GB on
        return int.from_bytes(size[1:])
    if not _OCTAL.fullmatch(size.strip(b"\0 ")):
        raise ValueError("it has a damaged header")
    return int(size.strip(b"\0 ") or b"0", 8)


def _read_exactly(source: BinaryIO, size: int) -> bytes:
    data = source.read(size)
    if len(data) != size:
        raise EOFError("it is cut off")
    return data


def _read_member(source: BinaryIO, path: Path) -> tuple[str, int]:
    header = source.read(_HEADER)
    size = header[48:58].strip()
    if len(header) != _HEADER or header[58:] != b"`\n" or not size.isdigit():
        raise damaged(path, "a member of the archive has no header")
    return header[:16].decode("ascii", "replace").rstrip(" ").removesuffix("/"), int(size)


def _read_data(source: BinaryIO, size: int, path: Path) -> bytes:
    if size > _LARGEST_CONTROL:
        raise damaged(path, f"a member of {size} bytes stands before its files")
    data = source.read(size)
    if len(data) != size:
        raise damaged(path, "it is cut off")
    source.read(size % 2)
    return data


def _unpack(data: bytes, name: str, path: Path) -> bytes:
    try:
        unpacked = data if name == "control.tar" else _open_codec(name, path)(data)
    except (zlib.error, lzma.LZMAError, EOFError, ValueError, MemoryError) as error:
        raise damaged(path, f"{name}: {error}") from None
    if len(unpacked) >= _LARGEST_CONTROL:
        raise damaged(path, f"{name} unpacks to more than {_LARGEST_CONTROL >> 20} MB")
    return unpacked


def _open_codec(name: str, path: Path) -> Callable[[bytes], bytes]:
    match name.removeprefix("control.tar"):
        case ".gz":
            return _unpack_gzip
        case ".xz":
            return _unpack_xz
        case ".zst":
            return _unpack_zstd
    raise damaged(path, f"{name} is packed with gzip, xz or zstd")


def _unpack_gzip(data: bytes) -> bytes:
    unpacked = b""
    while data.strip(b"\0") and len(unpacked) < _LARGEST_CONTROL:
        stream = zlib.decompressobj(wbits=31)
        unpacked += stream.decompress(data, _LARGEST_CONTROL - len(unpacked))
        _validate_end(unpacked, ended=stream.eof)
        data = stream.unused_data
    return unpacked


def _unpack_xz(data: bytes) -> bytes:
    stream = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=1 << 30)
    return _validate_end(stream.decompress(data, _LARGEST_CONTROL), ended=stream.eof)


def _unpack_zstd(data: bytes) -> bytes:
    zstd = load_zstd()
    stream = zstd.ZstdDecompressor()
    try:
        return _validate_end(bytes(stream.decompress(data, _LARGEST_CONTROL)), ended=stream.eof)
    except zstd.ZstdError as error:
        raise ValueError(str(error)) from None


def _validate_end(unpacked: bytes, *, ended: bool) -> bytes:
    if not ended and len(unpacked) < _LARGEST_CONTROL:
        raise EOFError("it is cut off")
    return unpacked


def _find_control(tar: bytes, path: Path) -> bytes:
    """Return the file ``control`` of a tar archive; reading one header after the other is all that it takes."""
    position = 0
    while position + _BLOCK <= len(tar):
        header = tar[position : position + _BLOCK]
        if not header.strip(b"\0"):
            break
        size = _parse_size(header[124:136], path)
        name = header[:100].rstrip(b"\0")
        if name in {b"./control", b"control"} and header[156:157] in {b"0", b"\0"}:
            data = tar[position + _BLOCK : position + _BLOCK + size]
            if len(data) != size:
                break
            return data
        position += _BLOCK + size + -size % _BLOCK
    raise damaged(path, "control.tar has no file control")


def _parse_size(field: bytes, path: Path) -> int:
    digits = field.strip(b"\0 ")
    if not _OCTAL.fullmatch(digits):
        raise damaged(path, "control.tar has a damaged header")
    return int(digits or b"0", 8)


def damaged(path: Path, why: str) -> IntegrityError:
    """Return the error of a package that is none, or is damaged."""
    return IntegrityError(f"{path.name} is no Debian package, or is damaged: {why}", hint=f"build it again: {path}")
