"""What a module says of itself: its name, behaviours, exports, and which functions of others it calls.

Read from the chunks that stripping keeps: ``AtU8`` (the table of atoms), ``ExpT``, ``ImpT`` and ``Attr``. No code is
loaded.

    facts = parse_module(data, file="shop.beam")
    facts.exports_function("code_change", 3)
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dray.beam.etf import decode
from dray.beam.module import read_chunks, read_long_size
from dray.core.term import Atom
from dray.errors import IntegrityError, Location

if TYPE_CHECKING:
    from collections.abc import Mapping

_TRIPLE = struct.Struct(">III")
_BEHAVIOURS = frozenset({"behaviour", "behavior"})


@dataclass(frozen=True, slots=True)
class ModuleFacts:
    """What a module says of itself.

    Args:
        name: Its name.
        behaviours: The behaviours that it implements.
        exports: Function and arity of what it exports.
        imports: Module, function and arity of what it calls in other modules.
    """

    name: str
    behaviours: tuple[str, ...] = ()
    exports: frozenset[tuple[str, int]] = frozenset()
    imports: frozenset[tuple[str, str, int]] = frozenset()

    @property
    def used_modules(self) -> frozenset[str]:
        """The modules that it calls."""
        return frozenset(module for module, _, _ in self.imports)

    def exports_function(self, name: str, arity: int) -> bool:
        """Tell whether it exports a function."""
        return (name, arity) in self.exports

    def calls_function(self, module: str, name: str, arity: int) -> bool:
        """Tell whether it calls a function of another module."""
        return (module, name, arity) in self.imports


def parse_module(data: bytes, *, file: str = "<module>") -> ModuleFacts:
    """Return what a module says of itself.

    Args:
        data: The module; it may be stripped or compressed.
        file: Its name, for the message.

    Raises:
        IntegrityError: The bytes are no BEAM module, or a table of it is damaged.
    """
    chunks = dict(read_chunks(data, file=file))
    try:
        atoms = _parse_atoms(chunks)
        exports = ((atoms[name], arity) for name, arity, _ in _parse_triples(chunks, b"ExpT"))
        imports = ((atoms[module], atoms[name], arity) for module, name, arity in _parse_triples(chunks, b"ImpT"))
        attributes = decode(chunks[b"Attr"]) if b"Attr" in chunks else []
        return ModuleFacts(atoms[1], _list_behaviours(attributes), frozenset(exports), frozenset(imports))
    except (struct.error, IndexError, UnicodeDecodeError, IntegrityError):
        raise IntegrityError("the tables of a BEAM module are damaged", location=Location(file)) from None


def _parse_atoms(chunks: Mapping[bytes, bytes]) -> list[str]:
    """Return the table of atoms, counted from 1."""
    table, encoding = chunks.get(b"AtU8"), "utf-8"
    if table is None:
        table, encoding = chunks.get(b"Atom", b""), "latin-1"
    (count,) = struct.unpack_from(">i", table)
    if not 0 < abs(count) <= len(table):
        raise IndexError
    atoms, at = [""], 4
    for _ in range(abs(count)):
        at, size = (at + 1, table[at]) if count > 0 else read_long_size(table, at)
        if at + size > len(table):
            raise IndexError
        atoms.append(str(table[at : at + size], encoding))
        at += size
    return atoms


def _parse_triples(chunks: Mapping[bytes, bytes], name: bytes) -> list[tuple[int, int, int]]:
    table = chunks.get(name)
    if table is None:
        return []
    (count,) = struct.unpack_from(">I", table)
    if 4 + count * _TRIPLE.size > len(table):
        raise IndexError
    return list(_TRIPLE.iter_unpack(table[4 : 4 + count * _TRIPLE.size]))


def _list_behaviours(attributes: Any) -> tuple[str, ...]:
    if not isinstance(attributes, list):
        return ()
    found = []
    for attribute in attributes:
        match attribute:
            case (Atom() as key, list() as values) if key in _BEHAVIOURS:
                found += [str(value) for value in values if isinstance(value, Atom)]
    return tuple(dict.fromkeys(found))
