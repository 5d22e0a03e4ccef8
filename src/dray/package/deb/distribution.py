"""The distributions that packages are made for, and which of them a machine runs (os-release(5)).

A distribution is its ``ID`` and ``VERSION_ID``, as in ``debian-12``. One that is derived from another, such as Linux
Mint, counts as that.
"""

from __future__ import annotations

import shlex
from pathlib import Path

from dray.errors import ConfigError

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
_OS_RELEASE = (Path("/etc/os-release"), Path("/usr/lib/os-release"))
_DEFAULT = "debian-12"


def read_machine(files: tuple[Path, ...] = _OS_RELEASE) -> str | None:
    """Return the distribution that this machine runs; None where it is none that dray knows."""
    for file in files:
        if file.is_file():
            return find_distribution(file.read_text(encoding="utf-8", errors="replace"))
    return None


def choose_distributions(given: tuple[str, ...], machine: str | None) -> tuple[str, ...]:
    """Return the distributions to build for: those that the user names, else that of the machine, else Debian 12.

    Raises:
        ConfigError: One is not known.
    """
    for name in given:
        if name not in DISTRIBUTIONS:
            raise ConfigError(f"deb: distributions are {', '.join(DISTRIBUTIONS)}", got=name, choices=DISTRIBUTIONS)
    return given or (machine or _DEFAULT,)


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
