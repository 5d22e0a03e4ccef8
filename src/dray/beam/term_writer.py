"""Writes Erlang terms as text, as ``io:format("~tp.")`` does; ``dray.beam.terms`` reads them.

format_term((Atom("vsn"), "1.0")) == '{vsn,"1.0"}'
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dray.core.term import Atom, Bitstring, ExternalFun, ImproperList, Map, Opaque

if TYPE_CHECKING:
    from dray.core.term import Term

_PLAIN_ATOM = re.compile(r"[a-z][a-zA-Z0-9_@]*\Z")
_NEEDS_NO_ESCAPE = re.compile(r"[ !#-&(-\[\]-~]*\Z")
_PRINTABLE = re.compile(r"[ -\x7f\xa0-\xff\x08-\x0d\x1b]*\Z")
_RESERVED = frozenset(
    {
        "after",
        "and",
        "andalso",
        "band",
        "begin",
        "bnot",
        "bor",
        "bsl",
        "bsr",
        "bxor",
        "case",
        "catch",
        "cond",
        "div",
        "else",
        "end",
        "fun",
        "if",
        "let",
        "maybe",
        "not",
        "of",
        "or",
        "orelse",
        "receive",
        "rem",
        "try",
        "when",
        "xor",
    }
)
_TO_ESCAPE = {
    "\\": "\\\\",
    "\b": "\\b",
    "\x7f": "\\d",
    "\x1b": "\\e",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
}


def format_term(term: Term) -> str:
    """Return a term as text on one line, with every atom and string quoted as it must be.

    Raises:
        ValueError: The term, or one inside it, has no text: a pid, a port, a reference or a local fun.
    """
    return _flat(term)


def format_pretty(term: Term, *, width: int = 110, indent: int = 0) -> str:
    """Return a term as text, broken into lines where it is longer than ``width``."""
    flat = _flat(term)
    if indent + len(flat) <= width or not isinstance(term, list | tuple):
        return flat
    opening, closing = ("[", "]") if isinstance(term, list) else ("{", "}")
    pad = " " * (indent + 1)
    items = (format_pretty(item, width=width, indent=indent + 1) for item in term)
    return opening + f",\n{pad}".join(items) + closing


def _flat(term: Any) -> str:
    kind = type(term)
    if kind is Atom:
        return format_atom(term)
    if kind is tuple:
        return "{" + ",".join([_flat(item) for item in term]) + "}"
    if kind is list:
        return "[" + ",".join([_quoted_atoms.get(i) or _flat(i) if type(i) is Atom else _flat(i) for i in term]) + "]"
    if kind is str:
        return _flat_string(term)
    if kind is int:
        return str(term)
    if kind is bytes:
        return _flat_binary(term)
    return _flat_rare(term)


def _flat_rare(term: Any) -> str:
    match term:
        case float():
            return _flat_float(term)
        case Map():
            return "#{" + ",".join(f"{_flat(k)} => {_flat(v)}" for k, v in term.pairs) + "}"
        case ImproperList():
            return "[" + ",".join(map(_flat, term.items)) + "|" + _flat(term.tail) + "]"
        case Bitstring():
            *whole, last = term.data
            parts = [str(byte) for byte in whole] + [f"{last >> (8 - term.bits)}:{term.bits}"]
            return "<<" + ",".join(parts) + ">>"
        case ExternalFun():
            return f"fun {format_atom(term.module)}:{format_atom(term.function)}/{term.arity}"
        case Opaque():
            raise ValueError(f"a {term.kind} has no text that could be read back")
        case _:
            raise TypeError(f"{type(term).__name__} is no Erlang term")


_quoted_atoms: dict[str, str] = {}


def format_atom(name: str) -> str:
    """Return an atom's text, in quotes where it needs them."""
    text = _quoted_atoms.get(name)
    if text is None:
        plain = _PLAIN_ATOM.match(name) and name not in _RESERVED
        text = str(name) if plain else _quote(name, "'")
        _quoted_atoms[str(name)] = text
    return text


def _quote(text: str, quote: str) -> str:
    if _NEEDS_NO_ESCAPE.match(text):
        return f"{quote}{text}{quote}"
    escaped = "".join(_TO_ESCAPE.get(c) or _escape_rare(c, quote) for c in text)
    return f"{quote}{escaped}{quote}"


def _escape_rare(character: str, quote: str) -> str:
    if character == quote:
        return "\\" + quote
    if character < " " or "\x80" <= character < "\xa0":
        return f"\\x{{{ord(character):X}}}"
    return character


def _flat_string(text: str) -> str:
    if _PRINTABLE.match(text):
        return _quote(text, '"')
    return "[" + ",".join([str(ord(c)) for c in text]) + "]"


def _flat_binary(data: bytes) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = "\0"
    if not text.isprintable():
        return "<<" + ",".join(map(str, data)) + ">>"
    return "<<" + (_quote(text, '"') if text else "") + ("" if text.isascii() else "/utf8") + ">>"


def _flat_float(value: float) -> str:
    text = repr(value)
    mantissa, exponent, power = text.partition("e")
    return (mantissa if "." in mantissa else mantissa + ".0") + exponent + power
