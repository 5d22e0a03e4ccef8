"""Small Debian packages for tests, made without Debian's tools."""

from __future__ import annotations

import gzip
import hashlib
import io
import lzma
import tarfile
from typing import TYPE_CHECKING

from backports import zstd

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

PACK: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": lambda data: gzip.compress(data, mtime=0),
    ".xz": lzma.compress,
    ".zst": lambda data: zstd.compress(data, options={zstd.CompressionParameter.checksum_flag: 1}),
}


def build_control(name: str = "shop", version: str = "1.0-1", arch: str = "amd64", **fields: str) -> str:
    """Return the text of ``control``; ``_`` in the names of further fields is a hyphen."""
    lines = {
        "Package": name,
        "Version": version,
        "Architecture": arch,
        "Maintainer": "Shop Operations <ops@shop.example>",
        "Description": f"the {name}\n It sells things.",
        **{key.replace("_", "-"): value for key, value in fields.items()},
    }
    return "".join(f"{key}: {value}\n" for key, value in lines.items() if value)


def build_tar(files: Mapping[str, bytes]) -> bytes:
    """Return a tar archive."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path, data in files.items():
            info = tarfile.TarInfo(f"./{path}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return target.getvalue()


def build_ar(members: Mapping[str, bytes]) -> bytes:
    """Return an ar archive."""
    parts = [b"!<arch>\n"]
    for name, data in members.items():
        parts += [
            f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode(),
            data,
            b"\n" * (len(data) % 2),
        ]
    return b"".join(parts)


def build_deb(control: str, files: Mapping[str, bytes] | None = None, *, codec: str = ".xz") -> bytes:
    """Return a package."""
    return build_ar(
        {
            "debian-binary": b"2.0\n",
            f"control.tar{codec}": PACK[codec](build_tar({"control": control.encode()})),
            f"data.tar{codec}": PACK[codec](build_tar(files or {})),
        }
    )


def write_deb(
    folder: Path,
    name: str = "shop",
    version: str = "1.0-1",
    arch: str = "amd64",
    *,
    files: Mapping[str, bytes] | None = None,
    codec: str = ".gz",
    **fields: str,
) -> Path:
    """Write a package of its own file below ``usr/share/NAME``, and return where."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}_{version.replace(':', '%3a')}_{arch}.deb"
    given = {f"usr/share/{name}/version": f"{version}\n".encode()} if files is None else files
    path.write_bytes(build_deb(build_control(name, version, arch, **fields), given, codec=codec))
    return path


def sha256(data: bytes) -> str:
    """Return a checksum in hexadecimal."""
    return hashlib.sha256(data).hexdigest()
