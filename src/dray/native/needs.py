"""Reads what an ELF file needs at run time: shared libraries, and the symbols and versions that it takes of them.

All of it stands in the dynamic segment, System V ABI chapter 5, and in the version tables of the Linux Standard Base.
pyelftools finds the segments; the tables are read here, since it makes an object of each entry, and an emulator has
thousands. Section headers, which a stripped file may lack, are only asked for the number of symbols.

It is not the list of what a process loads: libraries of libraries are their own packages' business.

    >>> read_needs(Path("priv/crypto.so").read_bytes(), file="priv/crypto.so").needed
    ('libcrypto.so.3', 'libc.so.6')
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from dray.errors import IntegrityError, Location
from dray.native.elf import read_header
from dray.native.tables import Dynamic, Tables

if TYPE_CHECKING:
    from collections.abc import Iterator

_NEEDED, _SONAME, _RPATH, _RUNPATH = 1, 14, 15, 29
_VERSYM, _VERNEED = 0x6FFFFFF0, 0x6FFFFFFE
_WEAK_VERSION = 2
_MOST_VERSIONS = 1 << 16
"""Far more symbol versions than any file needs; a chain that is longer is damaged."""


@dataclass(frozen=True, slots=True, order=True)
class SymbolVersion:
    """A version of a library's symbols that a file needs.

    Args:
        soname: The library.
        name: The version, such as ``GLIBC_2.34``.
        weak: The file works without it.
    """

    soname: str
    name: str
    weak: bool = False


@dataclass(frozen=True, slots=True)
class NeededSymbol:
    """A symbol that another file defines.

    Args:
        name: Its name, mangled where it is one of C++.
        version: Its version; empty where it has none.
        soname: The library that it is of; empty where it has no version, since nothing says it then.
    """

    name: str
    version: str = ""
    soname: str = ""


@dataclass(frozen=True, slots=True)
class Needs:
    """What an ELF file needs.

    Args:
        file: Its path.
        cpu: ``x86_64``, ``aarch64``, ...
        soname: The name that it gives to itself; empty for programs and most NIFs.
        needed: The libraries that it is linked against, in its own order.
        versions: The symbol versions that it needs.
        symbols: The symbols that it does not define; those without a version may be the emulator's own.
        search: Folders in which it looks for libraries first (RPATH, RUNPATH), as they are written.
        interpreter: The program that loads it; empty for libraries and static programs.
    """

    file: str
    cpu: str
    soname: str = ""
    needed: tuple[str, ...] = ()
    versions: tuple[SymbolVersion, ...] = ()
    symbols: tuple[NeededSymbol, ...] = ()
    search: tuple[str, ...] = ()
    interpreter: str = ""

    @property
    def uses_musl(self) -> bool:
        """Whether it is linked against musl; distributions name it ``libc.musl-ARCH.so.1``, others ``libc.so``."""
        names = (*self.needed, self.interpreter.rpartition("/")[2])
        return any(name == "libc.so" or name.startswith(("libc.musl", "ld-musl")) for name in names)


def read_needs(data: bytes, *, file: str) -> Needs:
    """Return what an ELF file needs; nothing for static programs and object files.

    Args:
        data: The whole file.
        file: Its path, for the message and the value.

    Raises:
        IntegrityError: The file is no ELF file, or is damaged.
    """
    cpu = read_header(data, file=file).cpu
    from elftools.common.exceptions import ELFError  # noqa: PLC0415 - 35 ms, only for native code
    from elftools.common.utils import struct_parse  # noqa: PLC0415
    from elftools.elf.elffile import ELFFile  # noqa: PLC0415

    try:
        elf = ELFFile(BytesIO(data))
        head, row = elf.header, elf.structs.Elf_Phdr
        places = range(head.e_phoff, head.e_phoff + head.e_phnum * head.e_phentsize, head.e_phentsize or 1)
        segments = [struct_parse(row, elf.stream, place) for place in places]  # iter_segments reads all sections
        interpreter = _read_interpreter(data, segments)
        tables = Tables(data, elf.elfclass, elf.little_endian, _list_loads(segments))
        place = next((one for one in segments if one.p_type == "PT_DYNAMIC"), None)
        if place is None:
            return Needs(file, cpu, interpreter=interpreter)
        dynamic = tables.read_dynamic(place.p_offset, place.p_filesz)
        return _build_needs(tables, dynamic, Needs(file, cpu, interpreter=interpreter))
    except (ELFError, LookupError, ValueError, TypeError, AttributeError, OverflowError, struct.error) as error:
        raise IntegrityError(f"the ELF file is damaged: {error}", location=Location(file)) from error


def _build_needs(tables: Tables, dynamic: Dynamic, base: Needs) -> Needs:
    versions = dict(_iterate_versions(tables, dynamic))
    soname = [dynamic.read_string(value) for value in dynamic.list_values(_SONAME)]
    search = [dynamic.read_string(value) for tag in (_RPATH, _RUNPATH) for value in dynamic.list_values(tag)]
    return Needs(
        base.file,
        base.cpu,
        soname=soname[0] if soname else "",
        needed=tuple(dynamic.read_string(value) for value in dynamic.list_values(_NEEDED)),
        versions=tuple(sorted(versions.values())),
        symbols=tuple(_iterate_symbols(tables, dynamic, versions)),
        search=tuple(part for path in search for part in path.split(":") if part),
        interpreter=base.interpreter,
    )


def _iterate_versions(tables: Tables, dynamic: Dynamic) -> Iterator[tuple[int, SymbolVersion]]:
    """Yield each needed version with its index, by which symbols refer to it (``.gnu.version_r``)."""
    count = 0
    for start in dynamic.list_values(_VERNEED):
        place = tables.find_offset(start)
        while True:
            _, entries, name, first, following = tables.unpack("HHIII", place)
            soname = dynamic.read_string(name)
            inner = place + first
            for _ in range(entries):
                _, flags, index, name, step = tables.unpack("IHHII", inner)
                yield index & 0x7FFF, SymbolVersion(soname, dynamic.read_string(name), bool(flags & _WEAK_VERSION))
                inner += step
                count += 1
                if count > _MOST_VERSIONS:
                    raise ValueError("its table of needed versions has no end")
            if not following:
                break
            place += following


def _iterate_symbols(tables: Tables, dynamic: Dynamic, versions: dict[int, SymbolVersion]) -> Iterator[NeededSymbol]:
    """Yield the symbols that the file does not define."""
    names = tables.list_undefined(dynamic)
    if not names:
        return
    starts = dynamic.list_values(_VERSYM)
    indices = tables.read_half_words(tables.find_offset(starts[0]), names[-1][0] + 1) if starts else ()
    for position, name in names:
        version = versions.get(indices[position] & 0x7FFF) if starts else None
        text = dynamic.read_string(name)
        if text:
            yield NeededSymbol(text, version.name, version.soname) if version else NeededSymbol(text)


def _list_loads(segments: list[Any]) -> tuple[tuple[int, int, int], ...]:
    """Return address, offset and size of what is loaded into memory."""
    return tuple((one.p_vaddr, one.p_offset, one.p_filesz) for one in segments if one.p_type == "PT_LOAD")


def _read_interpreter(data: bytes, segments: list[Any]) -> str:
    place = next((one for one in segments if one.p_type == "PT_INTERP"), None)
    if place is None:
        return ""
    return data[place.p_offset : place.p_offset + place.p_filesz].rstrip(b"\0").decode("utf-8", "surrogateescape")
