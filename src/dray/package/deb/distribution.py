"""The distributions that packages are made for, and which of them a machine runs (os-release(5)).

A distribution is its ``ID`` and ``VERSION_ID``, as in ``debian-12``. One that is derived from another, such as Linux
Mint, counts as that.
"""

from __future__ import annotations

import shlex

_CODENAMES = {
    "bullseye": "debian-11",
    "bookworm": "debian-12",
    "trixie": "debian-13",
    "jammy": "ubuntu-22.04",
    "noble": "ubuntu-24.04",
    "resolute": "ubuntu-26.04",
}
DISTRIBUTIONS = tuple(_CODENAMES.values())
"""Those whose libraries dray knows, the oldest of each kind first."""


def find_distribution(os_release: str) -> str | None:
    """Return the distribution that an ``/etc/os-release`` names; None where packages for it cannot be described."""
    fields = dict(_split_field(line) for line in os_release.splitlines() if "=" in line)
    name = f"{fields.get('ID', '')}-{fields.get('VERSION_ID', '')}"
    if name in DISTRIBUTIONS:
        return name
    kinds = {fields.get("ID", ""), *fields.get("ID_LIKE", "").split()}
    for kind, field in (("ubuntu", "UBUNTU_CODENAME"), ("debian", "DEBIAN_CODENAME"), ("debian", "VERSION_CODENAME")):
        found = _CODENAMES.get(fields.get(field, ""))
        if kind in kinds and found and found.startswith(kind):
            return found
    return None


def _split_field(line: str) -> tuple[str, str]:
    name, _, value = line.partition("=")
    try:
        words = shlex.split(value)
    except ValueError:  # a quotation mark without its partner
        words = []
    return name.strip(), words[0] if words else ""
