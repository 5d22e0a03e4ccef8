"""Writes small ELF files: libraries without code, with all that says what a file needs."""

from __future__ import annotations

import struct

_MACHINES = {"x86_64": 62, "aarch64": 183, "arm": 40, "s390x": 22}


def build_elf(
    *,
    needed=(),
    soname="",
    symbols=(),
    versions=(),
    runpath="",
    interpreter="",
    cpu="x86_64",
    bits=64,
    little=True,
) -> bytes:
    """Return the bytes of a library.

    Args:
        needed: The libraries that it is linked against.
        soname: Its own name.
        symbols: Name, version and library of each symbol that it does not define; the latter two may be empty.
        versions: Library, version and weakness of each symbol version that it needs; those of symbols are added.
        runpath: Where it looks for libraries.
        interpreter: The program that loads it.
        cpu: Its machine.
        bits: 32 or 64.
        little: Whether the lowest byte comes first.
    """
    order, wide = "<" if little else ">", bits == 64
    names = bytearray(b"\0")

    def name(text):
        place = len(names)
        names.extend(text.encode("utf-8", "surrogateescape") + b"\0")
        return place

    wanted = dict.fromkeys([*versions, *((soname, version, False) for _, version, soname in symbols if version)])
    indices = {(library, version): number for number, (library, version, _) in enumerate(wanted, 2)}
    head, program = (64, 56) if wide else (52, 32)
    tables = {
        "symbols": _pack_symbols(order, wide, [name(text) for text, _, _ in symbols]),
        "indices": struct.pack(f"{order}{len(symbols) + 1}H", 0, *(indices.get((s, v), 1) for _, v, s in symbols)),
        "needs": _pack_versions(order, wanted, name),
        "hash": struct.pack(f"{order}{5 + len(symbols)}I", 1, len(symbols) + 1, *[0] * (3 + len(symbols))),
        "interpreter": interpreter.encode() + b"\0",
    }
    entries = [(1, name(text)) for text in needed]
    entries += [(14, name(soname))] if soname else []
    entries += [(29, name(runpath))] if runpath else []
    tables["names"] = bytes(names)
    places, body = {}, bytearray()
    for key, data in tables.items():
        places[key] = head + 3 * program + len(body)
        body += data + bytes(-len(data) % 8)
    entries += [(5, places["names"]), (6, places["symbols"]), (4, places["hash"])]
    entries += [(0x6FFFFFF0, places["indices"]), (0x6FFFFFFE, places["needs"])] if wanted else []
    dynamic = b"".join(struct.pack(f"{order}{'qQ' if wide else 'iI'}", *entry) for entry in [*entries, (0, 0)])
    start = head + 3 * program + len(body)
    size = start + len(dynamic)
    segments = [
        _pack_segment(order, wide, 1, 0, size),
        _pack_segment(order, wide, 2, start, len(dynamic)),
        _pack_segment(order, wide, 3 if interpreter else 0, places["interpreter"], len(tables["interpreter"])),
    ]
    identity = b"\x7fELF" + bytes([2 if wide else 1, 1 if little else 2, 1]) + bytes(9)
    numbers = (3, _MACHINES[cpu], 1, 0, head, 0, 0, head, program, 3, 64 if wide else 40, 0, 0)
    header = identity + struct.pack(f"{order}HHI{'QQQ' if wide else 'III'}IHHHHHH", *numbers)
    return header + b"".join(segments) + bytes(body) + dynamic


def _pack_segment(order, wide, kind, place, size):
    if wide:
        return struct.pack(f"{order}IIQQQQQQ", kind, 4, place, place, place, size, size, 8)
    return struct.pack(f"{order}IIIIIIII", kind, place, place, place, size, size, 4, 8)


def _pack_symbols(order, wide, names):
    rows = [(0, 0), *((place, 0x12) for place in names)]
    if wide:
        return b"".join(struct.pack(f"{order}IBBHQQ", place, info, 0, 0, 0, 0) for place, info in rows)
    return b"".join(struct.pack(f"{order}IIIBBH", place, 0, 0, info, 0, 0) for place, info in rows)


def _pack_versions(order, wanted, name):
    grouped = {}
    for number, (library, version, weak) in enumerate(wanted, 2):
        grouped.setdefault(library, []).append((number, version, weak))
    data = b""
    for left, (library, items) in zip(range(len(grouped) - 1, -1, -1), grouped.items(), strict=True):
        following = 16 + 16 * len(items) if left else 0
        data += struct.pack(f"{order}HHIII", 1, len(items), name(library), 16, following)
        for rest, (number, version, weak) in zip(range(len(items) - 1, -1, -1), items, strict=True):
            data += struct.pack(f"{order}IHHII", 0, 2 if weak else 0, number, name(version), 16 if rest else 0)
    return data
