"""Where a release is on hosts, and how they are reached and spoken to."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dray.deploy.transport import Transport

_AS_ROOT = (
    'if [ "$(id -u)" -eq 0 ]; then exec sh -c "$1" dray-host "$2"; fi; '
    'if sudo -n true 2>/dev/null; then exec sudo -n sh -c "$1" dray-host "$2"; fi; '
    'read -r _; echo "failed $(id -un) may not run sudo here without a password"; exit 1'
)
_READ = 'eval "$(dd bs=1 count={size} 2>/dev/null | gzip -dc)"'
"""Byte by byte: what comes behind the script is for the script to read."""


@dataclass(frozen=True)
class Place:
    """A release on hosts.

    Args:
        name: The release.
        root: Its folder there.
        transport: How hosts are reached.
        script: ``deploy/host.sh``.
        as_root: Whether it takes root to change anything there.
    """

    name: str
    root: str
    transport: Transport
    script: str
    as_root: bool = True

    @cached_property
    def packed_script(self) -> bytes:
        """What the program that listens reads first: the script, a third of its size."""
        return gzip.compress(self.script.encode(), 9, mtime=0)

    def argv(self) -> tuple[str, ...]:
        """Return the program that listens on a host."""
        read = _READ.format(size=len(self.packed_script))
        if self.as_root:
            return ("sh", "-c", _AS_ROOT, "dray", read, self.root)
        return ("sh", "-c", read, "dray-host", self.root)

    def command(self, *arguments: str) -> tuple[str, ...]:
        """Return the launcher as a program to run on a host."""
        return self._own("command", arguments)

    def service(self, *arguments: str) -> tuple[str, ...]:
        """Return what starts, stops and shows the log, as a program to run on a host."""
        return self._own("service", arguments)

    def _own(self, script: str, arguments: tuple[str, ...]) -> tuple[str, ...]:
        argv = (f"{self.root}/.dray/{script}", *arguments)
        if not self.as_root:
            return argv
        return ("sh", "-c", 'if [ "$(id -u)" -eq 0 ]; then exec "$@"; else exec sudo -n "$@"; fi', "dray", *argv)


def shorten_script(text: str) -> str:
    """Return a shell script without its comments, empty lines and indentation: it travels with every deployment.

    For scripts without texts of several lines in which those would count.
    """
    lines = (line.strip() for line in text.splitlines())
    return "".join(f"{line}\n" for line in lines if line and not line.startswith("#"))
