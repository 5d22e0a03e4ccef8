"""The order of Debian's versions (deb-version(7)): ``~`` before the end, letters before the rest, digits as numbers.

>>> sorted(["1.0", "1.0~rc1", "1:0.9"], key=order_version)
['1.0~rc1', '1.0', '1:0.9']
"""

from __future__ import annotations

import re
from functools import lru_cache

_RUN = re.compile(r"([^0-9]*)([0-9]*)")
_END = ((0,), 0)

Part = tuple[tuple[tuple[int, ...], int], ...]


@lru_cache(maxsize=4096)
def order_version(version: str) -> tuple[int, Part, Part]:
    """Return what a version is sorted by: its epoch, and its upstream and Debian parts."""
    epoch, colon, rest = version.partition(":")
    if not colon or not epoch.isdecimal():
        epoch, rest = "0", version
    upstream, dash, revision = rest.rpartition("-")
    if not dash:
        upstream, revision = rest, ""
    return int(epoch), _order_part(upstream), _order_part(revision)


def _order_part(text: str) -> Part:
    runs = [((*map(_order_character, letters), 0), int(digits or 0)) for letters, digits in _RUN.findall(text)]
    while runs and runs[-1] == _END:
        runs.pop()
    return (*runs, _END)


def _order_character(character: str) -> int:
    if character == "~":
        return -1
    return ord(character) if character.isalpha() else ord(character) + (1 << 21)
