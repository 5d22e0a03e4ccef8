"""Reads a Debian package: what it says of itself, its size and its checksum (deb(5)).

Only as much as an index of packages needs: the fields of ``control``. The files inside are not looked at. A damaged
file, or one that was made to harm, is an ``IntegrityError``, whatever it holds.

    read_deb(Path("shop_1.0-1_amd64.deb")).control.get("Package")
"""

from __future__ import annotations

import hashlib
import io
import lzma
import re
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from dray.errors import IntegrityError, StepError
from dray.package.codec import load_zstd
from dray.package.deb.identity import PACKAGE_NAME
from dray.package.deb822 import Stanza, parse_stanza
from dray.package.debian_version import parse_version

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_MAGIC = b"!<arch>\n"
_HEADER = 60
_BLOCK = 512
_SMALL = 1 << 16
_LARGEST_CONTROL = 16 << 20
"""So many bytes of control files, unpacked, are read at most: those of real packages have some hundred kilobytes."""

_OCTAL = re.compile(rb"[0-7]*")
_ARCHITECTURE = re.compile(r"[a-z0-9][a-z0-9-]*")


@dataclass(frozen=True, slots=True)
class DebFile:
    """A Debian package.

    Args:
        path: The file.
        control: The fields of its ``control``.
        size: In bytes.
        sha256: In hexadecimal.
    """

    path: Path
    control: Stanza
    size: int
    sha256: str
    package: str = field(init=False)
    """The package's name."""
    version: str = field(init=False)
    architecture: str = field(init=False)
    """What it runs on, ``all`` for everything."""

    def __post_init__(self) -> None:
        for name in ("package", "version", "architecture"):  # asked for again and again
            object.__setattr__(self, name, self.control.get(name.capitalize()))


def read_deb(path: Path) -> DebFile:
    """Return what a package says of itself.

    Raises:
        StepError: The file cannot be read.
        IntegrityError: It is no Debian package, is damaged, or breaks the policy.
    """
    try:
        with open(path, "rb", buffering=0) as source:  # noqa: PTH123 - there may be thousands
            start = source.read(_SMALL + 1)
            if len(start) <= _SMALL:
                control = _read_control(io.BytesIO(start), path)
                size, sha256 = len(start), hashlib.sha256(start).hexdigest()
            else:
                control = _read_control(source, path)
                source.seek(0)
                sha256 = hashlib.file_digest(source, "sha256").hexdigest()
                size = source.tell()
    except OSError as error:
        raise StepError(f"{path} cannot be read: {error.strerror or error}") from error
    stanza = parse_stanza(control, file=f"control of {path.name}")
    validate_control(stanza, path.name)
    return DebFile(path, stanza, size, sha256)


def validate_control(control: Stanza, file: str) -> None:
    """Check the fields that a repository goes by (Debian Policy 5.6).

    Args:
        control: The fields.
        file: Whose they are, for the message.

    Raises:
        IntegrityError: One of them is missing or is not what the policy says.
    """
    for name in ("Package", "Version", "Architecture"):
        if not control.get(name):
            raise IntegrityError(f"{file}: a package says its {name}")
    package, architecture = control.get("Package"), control.get("Architecture")
    if not PACKAGE_NAME.fullmatch(package):
        rule = "consists of lowercase letters, digits and +-., two at least, and begins with a letter or digit"
        raise IntegrityError(f"{file}: the name of a package {rule} (Debian Policy 5.6.1)", got=package)
    if not _ARCHITECTURE.fullmatch(architecture):
        raise IntegrityError(f"{file}: Architecture is one, such as amd64 or all", got=architecture)
    try:
        parse_version(control.get("Version"))
    except ValueError as error:
        raise IntegrityError(f"{file}: {error}") from None


def _read_control(source: BinaryIO, path: Path) -> bytes:
    """Return the file ``control`` of a package."""
    source.seek(0)
    if source.read(len(_MAGIC)) != _MAGIC:
        raise _damaged(path, "it does not begin as an ar archive does")
    name, size = _read_member(source, path)
    if name != "debian-binary" or size > _BLOCK:
        raise _damaged(path, f"its first member is debian-binary, not {name!r}")
    version = _read_data(source, size, path)
    if not version.startswith(b"2."):
        raise _damaged(path, f"its format has the version 2, not {version[:10]!r}")
    name, size = _read_member(source, path)
    while name.startswith("_"):  # deb(5): programs ignore members of such names here
        _read_data(source, size, path)
        name, size = _read_member(source, path)
    if not name.startswith("control.tar") or size > _LARGEST_CONTROL:
        raise _damaged(path, f"its second member is control.tar, not {name!r} of {size} bytes")
    control = _find_control(_unpack(_read_data(source, size, path), name, path), path)
    name, size = _read_member(source, path)
    if not name.startswith("data.tar"):
        raise _damaged(path, f"its third member is data.tar, not {name!r}")
    start = source.tell()
    if source.seek(0, 2) < start + size:
        raise _damaged(path, "it is cut off")
    return control


def _read_member(source: BinaryIO, path: Path) -> tuple[str, int]:
    header = source.read(_HEADER)
    size = header[48:58].strip()
    if len(header) != _HEADER or header[58:] != b"`\n" or not size.isdigit():
        raise _damaged(path, "a member of the archive has no header")
    return header[:16].decode("ascii", "replace").rstrip(" ").removesuffix("/"), int(size)


def _read_data(source: BinaryIO, size: int, path: Path) -> bytes:
    if size > _LARGEST_CONTROL:
        raise _damaged(path, f"a member of {size} bytes stands before its files")
    data = source.read(size)
    if len(data) != size:
        raise _damaged(path, "it is cut off")
    source.read(size % 2)
    return data


def _unpack(data: bytes, name: str, path: Path) -> bytes:
    try:
        unpacked = data if name == "control.tar" else _open_codec(name, path)(data)
    except (zlib.error, lzma.LZMAError, EOFError, ValueError, MemoryError) as error:
        raise _damaged(path, f"{name}: {error}") from None
    if len(unpacked) >= _LARGEST_CONTROL:
        raise _damaged(path, f"{name} unpacks to more than {_LARGEST_CONTROL >> 20} MB")
    return unpacked


def _open_codec(name: str, path: Path) -> Callable[[bytes], bytes]:
    match name.removeprefix("control.tar"):
        case ".gz":
            return _unpack_gzip
        case ".xz":
            return _unpack_xz
        case ".zst":
            return _unpack_zstd
    raise _damaged(path, f"{name} is packed with gzip, xz or zstd")


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
    raise _damaged(path, "control.tar has no file control")


def _parse_size(field: bytes, path: Path) -> int:
    digits = field.strip(b"\0 ")
    if not _OCTAL.fullmatch(digits):
        raise _damaged(path, "control.tar has a damaged header")
    return int(digits or b"0", 8)


def _damaged(path: Path, why: str) -> IntegrityError:
    return IntegrityError(f"{path.name} is no Debian package, or is damaged: {why}", hint=f"build it again: {path}")
