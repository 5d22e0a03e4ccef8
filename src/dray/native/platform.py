"""Platforms: what binaries run on, written like ``x86_64-linux-gnu2.36``.

CPU, system, C library, and the lowest version of the C library. Whatever runs with an older glibc runs with a newer
one, and never with musl.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Platform:
    """What a binary needs, or what a machine offers.

    Args:
        cpu: ``x86_64``, ``aarch64``, ...
        system: ``linux``, ``freebsd``, ...
        libc: ``gnu``, ``musl``, or empty for what links no C library.
        libc_version: The lowest version that is needed; empty where it is not known.
    """

    cpu: str
    system: str
    libc: str = ""
    libc_version: tuple[int, ...] = ()

    def __str__(self) -> str:
        libc = self.libc + ".".join(map(str, self.libc_version))
        return "-".join(part for part in (self.cpu, self.system, libc) if part)

    def runs_on(self, other: Platform) -> bool:
        """Tell whether a binary of this platform runs beside binaries of another one, C library versions aside."""
        same_machine = (self.cpu, self.system) == (other.cpu, other.system)
        return same_machine and (not self.libc or not other.libc or self.libc == other.libc)
