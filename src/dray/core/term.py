"""Erlang terms as Python values.

Not a codec: ``dray.beam.terms`` reads their text, ``dray.beam.term_writer`` writes it, and ``dray.beam.etf`` is for
the external term format.

===================  ==========================================================================
Erlang               Python
===================  ==========================================================================
``foo``              ``Atom("foo")``, which is a ``str``
``"text"``           ``str``; every non-empty list of characters is one, as Erlang cannot tell
``[]``, ``[a, 1]``   ``list``; the empty string is the empty list
``{a, 1}``           ``tuple``
``<<"text">>``       ``bytes``; ``Bitstring`` where the last byte is not whole
``#{a => 1}``        ``Map``
``fun m:f/1``        ``ExternalFun``
pids and the like    ``Opaque``: they can be carried, not written as text
===================  ==========================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


class Atom(str):
    """An atom; compares equal to the plain string of its name."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Atom({super().__repr__()})"


@dataclass(frozen=True, slots=True)
class Bitstring:
    """A bitstring whose last byte uses only its ``bits`` highest bits (1 to 7)."""

    data: bytes
    bits: int


@dataclass(frozen=True, slots=True)
class ImproperList:
    """A list that ends in a term other than the empty list."""

    items: tuple[Term, ...]
    tail: Term


@dataclass(frozen=True, slots=True)
class Map:
    """A map, as its pairs in an order that depends on nothing but the keys."""

    pairs: tuple[tuple[Term, Term], ...]

    def __post_init__(self) -> None:
        ordered = tuple(sorted(self.pairs, key=lambda pair: (type(pair[0]).__name__, repr(pair[0]))))
        object.__setattr__(self, "pairs", ordered)

    def get(self, key: Term, default: Term | None = None) -> Term | None:
        """Return the value of ``key``, or ``default``."""
        for candidate, value in self.pairs:
            if candidate == key and type(candidate) is type(key):
                return value
        return default

    def put(self, key: Term, value: Term) -> Map:
        """Return this map with ``key`` set to ``value``."""
        kept = tuple(pair for pair in self.pairs if not (pair[0] == key and type(pair[0]) is type(key)))
        return Map((*kept, (key, value)))


@dataclass(frozen=True, slots=True)
class ExternalFun:
    """``fun Module:Function/Arity``."""

    module: Atom
    function: Atom
    arity: int


@dataclass(frozen=True, slots=True)
class Opaque:
    """A term that lives in one node only.

    Args:
        kind: ``pid``, ``port``, ``reference`` or ``fun``.
        data: Its bytes in the external term format, tag included.
    """

    kind: str
    data: bytes


Term: TypeAlias = (
    "Atom | str | int | float | bytes | list[Term] | tuple[Term, ...] | "
    "Bitstring | ImproperList | Map | ExternalFun | Opaque"
)

TRUE = Atom("true")
FALSE = Atom("false")
NIL = Atom("nil")
UNDEFINED = Atom("undefined")
INFINITY = Atom("infinity")


def make_list(items: list[Term], tail: Term | None = None) -> Term:
    """Return ``[Items... | Tail]`` in the one form that a list has here.

    Args:
        items: The elements, at least one.
        tail: What the list ends in; the empty list where it is not given.
    """
    if isinstance(tail, str) and not isinstance(tail, Atom):
        items = [*items, *map(ord, tail)]
    elif isinstance(tail, list):
        items = items + tail
    elif isinstance(tail, ImproperList):
        return ImproperList((*items, *tail.items), tail.tail)
    elif tail is not None:
        return ImproperList(tuple(items), tail)
    return _as_text(items)


def _as_text(items: list[Term]) -> Term:
    """Return a list of characters as text, and any other list as it is."""
    characters = []
    for item in items:
        if type(item) is not int or not 0 <= item < 0x110000 or 0xD800 <= item < 0xE000:
            return items
        characters.append(chr(item))
    return "".join(characters)


def from_python(value: object) -> Term:
    """Return a value of the user's Python configuration as Elixir would write it.

    Args:
        value: ``str`` becomes a binary (Elixir's string), ``bool`` and ``None`` become atoms, a ``dict`` with
            string keys becomes a keyword list, a list or tuple becomes a list, the rest of the terms stay.

    Raises:
        TypeError: Nothing in Erlang corresponds to the value.
    """
    match value:
        case Atom() | int() | float() | bytes() | Map() if not isinstance(value, bool):
            return value
        case bool():
            return TRUE if value else FALSE
        case None:
            return NIL
        case str():
            return value.encode()
        case dict():
            return [(Atom(key), from_python(item)) for key, item in value.items()]
        case list() | tuple():
            return [from_python(item) for item in value]
        case _:
            raise TypeError(f"no Erlang term for a {type(value).__name__}")
