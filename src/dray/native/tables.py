"""The tables that the dynamic segment of an ELF file points to, as rows of numbers (System V ABI, chapters 4 and 5).

Addresses are those of the file in memory; ``Tables.find_offset`` says where in the file they are.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

_STRTAB, _SYMTAB, _HASH, _GNU_HASH = 5, 6, 4, 0x6FFFFEF5
_SECTION_DYNSYM = 11


@dataclass(frozen=True, slots=True)
class Dynamic:
    """The dynamic segment.

    Args:
        entries: Tag and value of each entry.
        data: The file.
        strings: Where its names begin.
    """

    entries: tuple[tuple[int, int], ...]
    data: bytes
    strings: int

    def list_values(self, tag: int) -> tuple[int, ...]:
        """Return the values of a tag, in the order of the file."""
        return tuple(value for found, value in self.entries if found == tag)

    def read_string(self, place: int) -> str:
        """Return a name."""
        start = self.strings + place
        end = self.data.find(b"\0", start)
        if not 0 <= start < len(self.data) or end < 0:
            raise ValueError("a name lies outside of the file")
        return self.data[start:end].decode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True)
class Tables:
    """The rows of an ELF file.

    Args:
        data: The file.
        bits: 32 or 64.
        little: Whether the lowest byte of a number comes first.
        loads: Address, offset and size of each part that is loaded.
    """

    data: bytes
    bits: int
    little: bool
    loads: tuple[tuple[int, int, int], ...]

    def unpack(self, layout: str, place: int) -> tuple[int, ...]:
        """Return the numbers at a place."""
        if place < 0:
            raise ValueError("a table lies outside of the file")
        return struct.unpack_from(f"{self._order}{layout}", self.data, place)

    def find_offset(self, address: int) -> int:
        """Return where in the file an address is."""
        for start, offset, size in self.loads:
            if start <= address < start + size:
                return address - start + offset
        raise ValueError(f"address {address:#x} is in no part of the file")

    def read_dynamic(self, place: int, size: int) -> Dynamic:
        """Return the dynamic segment."""
        row = struct.Struct(f"{self._order}{'qQ' if self.bits == 64 else 'iI'}")
        if place + size > len(self.data):
            raise ValueError("the dynamic segment lies outside of the file")
        entries = []
        for tag, value in row.iter_unpack(self.data[place : place + size - size % row.size]):
            if tag == 0:
                break
            entries.append((tag, value))
        strings = next((value for tag, value in entries if tag == _STRTAB), None)
        return Dynamic(tuple(entries), self.data, 0 if strings is None else self.find_offset(strings))

    def read_half_words(self, place: int, count: int) -> tuple[int, ...]:
        """Return so many numbers of 16 bits."""
        if place + 2 * count > len(self.data):
            raise ValueError("a table lies outside of the file")
        return self.unpack(f"{count}H", place)

    def list_undefined(self, dynamic: Dynamic) -> list[tuple[int, int]]:
        """Return position and name of each symbol that is not defined here."""
        starts = dynamic.list_values(_SYMTAB)
        if not starts:
            return []
        row = struct.Struct(f"{self._order}{'IBBHQQ' if self.bits == 64 else 'IIIBBH'}")
        shndx, info = (3, 1) if self.bits == 64 else (5, 3)
        place = self.find_offset(starts[0])
        end = place + self._count_symbols(dynamic) * row.size
        if end > len(self.data):
            raise ValueError("a table lies outside of the file")
        rows = enumerate(row.iter_unpack(self.data[place:end]))
        return [(number, one[0]) for number, one in rows if one[shndx] == 0 and one[info] >> 4 != 0]

    @property
    def _order(self) -> str:
        return "<" if self.little else ">"

    def _count_symbols(self, dynamic: Dynamic) -> int:
        """Return how many symbols there are: the section says it, or else the hash tables for finding them do."""
        size = self._find_section_size(_SECTION_DYNSYM)
        if size is not None:
            return size // (24 if self.bits == 64 else 16)
        for start in dynamic.list_values(_HASH):
            return self.unpack("II", self.find_offset(start))[1]
        for start in dynamic.list_values(_GNU_HASH):  # undefined symbols stand before the first that is hashed
            return self.unpack("II", self.find_offset(start))[1]
        return 0

    def _find_section_size(self, kind: int) -> int | None:
        wide = self.bits == 64
        (start,) = self.unpack("Q" if wide else "I", 40 if wide else 32)
        size, count = self.unpack("HH", 58 if wide else 46)
        if start + size * count > len(self.data) or size != (64 if wide else 40):
            return None
        for place in range(start, start + size * count, size):
            fields = self.unpack("IIQQQQ" if wide else "IIIIII", place)
            if fields[1] == kind:
                return fields[5]
        return None
