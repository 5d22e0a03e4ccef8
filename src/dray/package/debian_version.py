"""Versions of Debian packages: checked and compared as dpkg does (deb-version(7), Debian Policy 5.6.12).

    compare_versions("1.0~rc1-1", "1.0-1")   # -1
    sorted(versions, key=version_key)

A version is ``[epoch:]upstream[-revision]``. ``~`` sorts before everything, even before the end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_UPSTREAM = re.compile(r"[0-9][A-Za-z0-9.+~:-]*")
_REVISION = re.compile(r"[A-Za-z0-9.+~]+")
_PART = re.compile(r"([^0-9]*)([0-9]*)")
_LARGEST_EPOCH = 2**31 - 1


@dataclass(frozen=True, slots=True)
class DebianVersion:
    """The parts of a version."""

    epoch: int
    upstream: str
    revision: str = ""


def parse_version(text: str) -> DebianVersion:
    """Return the parts of a version.

    Raises:
        ValueError: It is none, and why.
    """
    epoch, colon, rest = text.partition(":")
    if not colon:
        epoch, rest = "0", text
    elif not (epoch.isascii() and epoch.isdigit()):
        raise ValueError(f"the epoch of a version, before the colon, is a number, got: {text!r}")
    if len(epoch) > 10 or int(epoch) > _LARGEST_EPOCH:
        raise ValueError(f"the epoch of a version is {_LARGEST_EPOCH} at most, got: {text!r}")
    upstream, hyphen, revision = rest.rpartition("-")
    if not hyphen:
        upstream, revision = rest, ""
    if not _UPSTREAM.fullmatch(upstream):
        raise ValueError(f"a version begins with a digit and consists of letters, digits and .+-~, got: {text!r}")
    if hyphen and not _REVISION.fullmatch(revision):
        raise ValueError(f"the revision of a version, after the hyphen, is of letters, digits and .+~, got: {text!r}")
    return DebianVersion(int(epoch), upstream, revision)


def compare_versions(one: str, other: str) -> int:
    """Return -1, 0 or 1: whether the first version is earlier, the same or later than the second.

    Raises:
        ValueError: One of them is no version.
    """
    first, second = version_key(one), version_key(other)
    return int(first > second) - int(first < second)


def version_key(text: str) -> Any:
    """Return what versions can be sorted by.

    Raises:
        ValueError: It is no version.
    """
    version = parse_version(text)
    return version.epoch, _part_key(version.upstream), _part_key(version.revision)


def _part_key(text: str) -> tuple[Any, ...]:
    key: list[Any] = []
    for letters, digits in _PART.findall(text) if text else [("", "")]:
        if letters or digits or not key:
            key += [_letters_key(letters), int(digits or 0)]
    return (*key, (0,))  # the end: after ~, before all else


def _letters_key(letters: str) -> tuple[int, ...]:
    return (*(_order(letter) for letter in letters), 0)


def _order(letter: str) -> int:
    if letter == "~":
        return -1
    return ord(letter) if letter.isalpha() else ord(letter) + 256
