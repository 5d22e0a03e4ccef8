"""The external term format: what ``term_to_binary/1`` makes.

Follows "External Term Format" of the ERTS User's Guide. Decodes every tag that OTP has written since
R16; encodes with the tags that all of these versions read (atoms in UTF-8, maps, 64-bit floats), so that the
bytes do not depend on who wrote them.

    decode(encode((Atom("ok"), 1))) == (Atom("ok"), 1)
"""

from __future__ import annotations

import math
import struct
import zlib
from typing import TYPE_CHECKING, Any

from dray.core.term import FALSE, TRUE, Atom, Bitstring, ExternalFun, ImproperList, Map, Opaque, make_list
from dray.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dray.core.term import Term

_VERSION = 131
_COMPRESSED = 80
_MAX_INFLATED = 1 << 30

_U16 = struct.Struct(">H")
_U32 = struct.Struct(">I")
_I32 = struct.Struct(">i")
_F64 = struct.Struct(">d")


def decode(data: bytes) -> Any:
    """Return the term that the bytes hold.

    Raises:
        IntegrityError: They are not one whole term in the external term format.
    """
    if len(data) < 2 or data[0] != _VERSION:
        raise IntegrityError("a term in the external term format begins with 131", got=repr(data[:4]))
    try:
        if data[1] == _COMPRESSED:
            data = data[:1] + _inflate(data)
        term, end = _decode(data, 1)
    except (IndexError, struct.error, UnicodeDecodeError, ValueError, OverflowError, zlib.error) as error:
        raise IntegrityError("the bytes are not a whole term in the external term format") from error
    except RecursionError:
        raise IntegrityError("a term is nested too deeply to be read") from None
    if end != len(data):
        raise IntegrityError("bytes follow the term", got=f"{len(data) - end} more")
    return term


def encode(term: Term) -> bytes:
    """Return a term's bytes; the same term always gives the same bytes.

    Raises:
        TypeError: The value is none of the types of ``dray.core.term``.
    """
    out: list[bytes] = [b"\x83"]
    _encode(term, out.append)
    return b"".join(out)


def _inflate(data: bytes) -> bytes:
    (size,) = _U32.unpack_from(data, 2)
    if size > _MAX_INFLATED:
        raise ValueError("too large")
    inflated = zlib.decompressobj().decompress(data[6:], size)
    if len(inflated) != size:
        raise ValueError("truncated")
    return inflated


def _decode(data: bytes, at: int) -> tuple[Any, int]:
    reader = _READERS.get(data[at])
    if reader is None:
        raise ValueError("unknown tag")
    return reader(data, at + 1)


def _take(data: bytes, at: int, size: int) -> tuple[bytes, int]:
    end = at + size
    if end > len(data):
        raise IndexError
    return data[at:end], end


def _read_small_integer(data: bytes, at: int) -> tuple[int, int]:
    return data[at], at + 1


def _read_integer(data: bytes, at: int) -> tuple[int, int]:
    return _I32.unpack_from(data, at)[0], at + 4


def _read_float(data: bytes, at: int) -> tuple[float, int]:
    return _finite(_F64.unpack_from(data, at)[0]), at + 8


def _read_float_text(data: bytes, at: int) -> tuple[float, int]:
    raw, end = _take(data, at, 31)
    return _finite(float(raw.rstrip(b"\0"))), end


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("Erlang has no such number")
    return value


def _read_short_atom(data: bytes, at: int) -> tuple[Atom, int]:
    raw, end = _take(data, at + 1, data[at])
    return _atom(raw.decode()), end


def _read_atom(data: bytes, at: int) -> tuple[Atom, int]:
    raw, end = _take(data, at + 2, _U16.unpack_from(data, at)[0])
    return _atom(raw.decode()), end


def _read_short_latin1_atom(data: bytes, at: int) -> tuple[Atom, int]:
    raw, end = _take(data, at + 1, data[at])
    return _atom(raw.decode("latin-1")), end


def _read_latin1_atom(data: bytes, at: int) -> tuple[Atom, int]:
    raw, end = _take(data, at + 2, _U16.unpack_from(data, at)[0])
    return _atom(raw.decode("latin-1")), end


def _read_small_tuple(data: bytes, at: int) -> tuple[tuple[Any, ...], int]:
    return _read_tuple_items(data, at + 1, data[at])


def _read_large_tuple(data: bytes, at: int) -> tuple[tuple[Any, ...], int]:
    return _read_tuple_items(data, at + 4, _U32.unpack_from(data, at)[0])


def _read_tuple_items(data: bytes, at: int, count: int) -> tuple[tuple[Any, ...], int]:
    items, end = _read_items(data, at, count)
    return tuple(items), end


def _read_items(data: bytes, at: int, count: int) -> tuple[list[Any], int]:
    items = []
    for _ in range(count):
        item, at = _decode(data, at)
        items.append(item)
    return items, at


def _read_nil(_: bytes, at: int) -> tuple[list[Any], int]:
    return [], at


def _read_string(data: bytes, at: int) -> tuple[Any, int]:
    raw, end = _take(data, at + 2, _U16.unpack_from(data, at)[0])
    return raw.decode("latin-1") or [], end


def _read_list(data: bytes, at: int) -> tuple[Any, int]:
    items, at = _read_items(data, at + 4, _U32.unpack_from(data, at)[0])
    tail, at = _decode(data, at)
    return (make_list(items, tail) if items else tail), at


def _read_binary(data: bytes, at: int) -> tuple[bytes, int]:
    return _take(data, at + 4, _U32.unpack_from(data, at)[0])


def _read_bitstring(data: bytes, at: int) -> tuple[bytes | Bitstring, int]:
    bits = data[at + 4]
    raw, end = _take(data, at + 5, _U32.unpack_from(data, at)[0])
    if not 1 <= bits <= 8 or not raw:
        raise ValueError("bad bitstring")
    return (raw if bits == 8 else Bitstring(raw, bits)), end


def _read_small_big(data: bytes, at: int) -> tuple[int, int]:
    return _read_big(data, at + 1, data[at])


def _read_large_big(data: bytes, at: int) -> tuple[int, int]:
    return _read_big(data, at + 4, _U32.unpack_from(data, at)[0])


def _read_big(data: bytes, at: int, size: int) -> tuple[int, int]:
    raw, end = _take(data, at + 1, size)
    value = int.from_bytes(raw, "little")
    return (-value if data[at] else value), end


def _read_map(data: bytes, at: int) -> tuple[Map, int]:
    (count,) = _U32.unpack_from(data, at)
    items, at = _read_items(data, at + 4, 2 * count)
    return Map(tuple(zip(items[::2], items[1::2], strict=True))), at


def _read_export(data: bytes, at: int) -> tuple[ExternalFun, int]:
    (module, function, arity), at = _read_items(data, at, 3)
    if not (isinstance(module, Atom) and isinstance(function, Atom) and isinstance(arity, int)):
        raise ValueError("bad fun")  # noqa: TRY004 - decode turns it into its own error
    return ExternalFun(module, function, arity), at


def _opaque(kind: str, skip: Callable[[bytes, int], int]) -> Callable[[bytes, int], tuple[Opaque, int]]:
    def read(data: bytes, at: int) -> tuple[Opaque, int]:
        end = skip(data, at)
        if end > len(data):
            raise IndexError
        return Opaque(kind, data[at - 1 : end]), end

    return read


def _skip_node_and(size: int) -> Callable[[bytes, int], int]:
    def skip(data: bytes, at: int) -> int:
        _, end = _decode(data, at)
        return end + size

    return skip


def _skip_reference(creation: int) -> Callable[[bytes, int], int]:
    def skip(data: bytes, at: int) -> int:
        (words,) = _U16.unpack_from(data, at)
        _, end = _decode(data, at + 2)
        return end + creation + 4 * int(words)

    return skip


def _skip_fun(data: bytes, at: int) -> int:
    (size,) = _U32.unpack_from(data, at)
    return at + int(size)


_READERS: dict[int, Callable[[bytes, int], tuple[Any, int]]] = {
    70: _read_float,
    77: _read_bitstring,
    88: _opaque("pid", _skip_node_and(12)),
    89: _opaque("port", _skip_node_and(8)),
    90: _opaque("reference", _skip_reference(4)),
    97: _read_small_integer,
    98: _read_integer,
    99: _read_float_text,
    100: _read_latin1_atom,
    101: _opaque("reference", _skip_node_and(5)),
    102: _opaque("port", _skip_node_and(5)),
    103: _opaque("pid", _skip_node_and(9)),
    104: _read_small_tuple,
    105: _read_large_tuple,
    106: _read_nil,
    107: _read_string,
    108: _read_list,
    109: _read_binary,
    110: _read_small_big,
    111: _read_large_big,
    112: _opaque("fun", _skip_fun),
    113: _read_export,
    114: _opaque("reference", _skip_reference(1)),
    115: _read_short_latin1_atom,
    116: _read_map,
    118: _read_atom,
    119: _read_short_atom,
    120: _opaque("port", _skip_node_and(12)),
}

_atoms: dict[str, Atom] = {}


def _atom(name: str) -> Atom:
    known = _atoms.get(name)
    if known is None:
        if len(name) > 255:
            raise ValueError("an atom has at most 255 characters")
        known = _atoms[name] = Atom(name)
    return known


_encoded_atoms: dict[str, bytes] = {}


def _encode(term: Any, emit: Callable[[bytes], None]) -> None:
    kind = type(term)
    if kind is Atom:
        known = _encoded_atoms.get(term)
        if known is None:
            known = _encoded_atoms[str(term)] = _encode_atom(term)
        emit(known)
    elif kind is tuple:
        size = len(term)
        emit(bytes((104, size)) if size < 256 else b"i" + _U32.pack(size))
        for item in term:
            _encode(item, emit)
    elif kind is list:
        _encode_list(term, emit)
    elif kind is str:
        emit(_encode_string(term))
    elif kind is bytes:
        emit(b"m" + _U32.pack(len(term)) + term)
    elif kind is int:
        emit(_encode_integer(term))
    else:
        _encode_rare(term, emit)


def _encode_list(items: list[Any], emit: Callable[[bytes], None]) -> None:
    if items:
        emit(b"l" + _U32.pack(len(items)))
        for item in items:
            known = _encoded_atoms.get(item) if type(item) is Atom else None
            if known is None:
                _encode(item, emit)
            else:
                emit(known)
    emit(b"j")


def _encode_rare(term: Any, emit: Callable[[bytes], None]) -> None:
    match term:
        case bool():
            _encode(TRUE if term else FALSE, emit)
        case float():
            emit(b"F" + _F64.pack(term))
        case Map():
            emit(b"t" + _U32.pack(len(term.pairs)))
            for key, value in term.pairs:
                _encode(key, emit)
                _encode(value, emit)
        case Bitstring():
            emit(b"M" + _U32.pack(len(term.data)) + bytes((term.bits,)) + term.data)
        case ImproperList():
            emit(b"l" + _U32.pack(len(term.items)))
            for item in (*term.items, term.tail):
                _encode(item, emit)
        case ExternalFun():
            emit(b"q")
            for part in (term.module, term.function, term.arity):
                _encode(part, emit)
        case Opaque():
            emit(term.data)
        case _:
            raise TypeError(f"{type(term).__name__} is no Erlang term")


def _encode_atom(name: str) -> bytes:
    data = name.encode()
    if len(data) < 256:
        return bytes((119, len(data))) + data
    return b"v" + _U16.pack(len(data)) + data


def _encode_string(text: str) -> bytes:
    if not text:
        return b"j"
    try:
        data = text.encode("latin-1")
    except UnicodeEncodeError:
        data = b""
    if data and len(data) < 1 << 16:
        return b"k" + _U16.pack(len(data)) + data
    return b"l" + _U32.pack(len(text)) + b"".join([_encode_integer(ord(c)) for c in text]) + b"j"


def _encode_integer(value: int) -> bytes:
    if 0 <= value < 256:
        return bytes((97, value))
    if -(1 << 31) <= value < 1 << 31:
        return b"b" + _I32.pack(value)
    magnitude = abs(value)
    size = (magnitude.bit_length() + 7) // 8
    head = bytes((110, size)) if size < 256 else b"o" + _U32.pack(size)
    return head + bytes((value < 0,)) + magnitude.to_bytes(size, "little")
