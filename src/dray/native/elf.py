"""Reads what an ELF file says of the machine it needs: CPU, system, C library and its lowest version.

The CPU, the word size and the system stand in the header, System V ABI chapter 4. The C library shows in what the
file links against: ``libc.so.6`` is glibc, whose symbols carry versions; ``libc.musl-ARCH.so.1`` is musl.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from dray.errors import IntegrityError, Location
from dray.native.find import ELF_MAGIC
from dray.native.platform import Platform

if TYPE_CHECKING:
    from collections.abc import Iterator

_CPUS = {
    3: "i686",
    8: "mips",
    20: "powerpc",
    21: "powerpc64",
    22: "s390x",
    40: "arm",
    62: "x86_64",
    183: "aarch64",
    243: "riscv64",
    258: "loongarch64",
}
_SYSTEMS = {0: "linux", 3: "linux", 2: "netbsd", 9: "freebsd", 12: "openbsd"}
_GLIBC = re.compile(r"GLIBC_(\d+(?:\.\d+)+)\Z")


@dataclass(frozen=True, slots=True)
class ElfHeader:
    """What the first bytes of an ELF file say."""

    cpu: str
    system: str


def read_header(data: bytes, *, file: str) -> ElfHeader:
    """Return CPU and system of an ELF file.

    Args:
        data: Its first 20 bytes or more.
        file: Its path, for the message.

    Raises:
        IntegrityError: The bytes are no ELF header.
    """
    if data[:4] != ELF_MAGIC or len(data) < 20 or data[5] not in {1, 2}:
        raise IntegrityError("an ELF file begins with its header", location=Location(file))
    order = "<" if data[5] == 1 else ">"
    (machine,) = struct.unpack_from(f"{order}H", data, 18)
    cpu = _CPUS.get(machine, f"machine{machine}")
    if cpu == "powerpc64" and data[5] == 1:
        cpu = "powerpc64le"
    return ElfHeader(cpu, _SYSTEMS.get(data[7], f"osabi{data[7]}"))


def read_platform(data: bytes, *, file: str) -> Platform:
    """Return the platform that an ELF file was made for.

    Args:
        data: The whole file.
        file: Its path, for the message.

    Raises:
        IntegrityError: The file is damaged.
    """
    header = read_header(data, file=file)
    libc, version = _read_libc(data, file)
    return Platform(header.cpu, header.system, libc, version)


def _read_libc(data: bytes, file: str) -> tuple[str, tuple[int, ...]]:
    """Return the C library that the file links against and its lowest version; nothing where it links none."""
    from elftools.common.exceptions import ELFError  # noqa: PLC0415 - 35 ms, only for native code
    from elftools.elf.elffile import ELFFile  # noqa: PLC0415

    try:
        elf = ELFFile(BytesIO(data))
        needed = [tag.needed for section in _dynamic(elf) for tag in section.iter_tags("DT_NEEDED")]
        if any(name.startswith(("libc.musl", "ld-musl")) for name in needed):
            return "musl", ()
        versions = [
            tuple(map(int, found[1].split(".")))
            for names in _version_needs(elf)
            for name in names
            if (found := _GLIBC.match(name))
        ]
        if versions or "libc.so.6" in needed:
            return "gnu", max(versions, default=())
    except (ELFError, ValueError, KeyError, AttributeError, UnicodeDecodeError, struct.error) as error:
        raise IntegrityError(f"the ELF file is damaged: {error}", location=Location(file)) from error
    return "", ()


def _dynamic(elf: Any) -> Iterator[Any]:
    section = elf.get_section_by_name(".dynamic")
    if section is not None:
        yield section


def _version_needs(elf: Any) -> Iterator[list[str]]:
    section = elf.get_section_by_name(".gnu.version_r")
    if section is not None:
        for _, auxiliaries in section.iter_versions():
            yield [auxiliary.name for auxiliary in auxiliaries]
