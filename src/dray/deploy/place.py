"""Where a release is on hosts, and how they are reached and spoken to."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dray.deploy.transport import Transport

_AS_ROOT = (
    'if [ "${USER-}" = root ] || [ "$(id -u)" -eq 0 ]; then exec "$@"; fi; '
    'if sudo -n true 2>/dev/null; then exec sudo -n "$@"; fi; '
    'no="$(id -un) may not run sudo here without a password"; '
)
_ANSWER = 'read -r _; echo "failed $no"; exit 1'
_COMPLAIN = 'echo "$no" >&2; exit 1'
_READ = 'eval "$(dd ibs=1 obs=8192 count={size} 2>/dev/null | gzip -dc)"'
"""Read byte by byte, for what comes behind the script is for the script to read; written at once, or gzip would wake
up for each byte."""
_CALL = '[ -e "$1" ] || { echo "$2" >&2; exit 3; }; shift 2; exec "$@"'


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
        return self._as_root(("sh", "-c", read, "dray-host", self.root), refused=_ANSWER)

    def command(self, *arguments: str) -> tuple[str, ...]:
        """Return the launcher as a program to run on a host."""
        return self._own("command", arguments, needs=f"{self.root}/bin/{self.name}")

    def service(self, *arguments: str) -> tuple[str, ...]:
        """Return what starts, stops and shows the log, as a program to run on a host."""
        return self._own("service", arguments, needs=f"{self.root}/.dray/service")

    def _own(self, script: str, arguments: tuple[str, ...], *, needs: str) -> tuple[str, ...]:
        missing = f"{self.name} has not been deployed here: there is no {needs}"
        call = ("sh", "-c", _CALL, "dray", needs, missing, f"{self.root}/.dray/{script}", *arguments)
        return self._as_root(call, refused=_COMPLAIN)

    def _as_root(self, argv: tuple[str, ...], *, refused: str) -> tuple[str, ...]:
        return ("sh", "-c", f"{_AS_ROOT}{refused}", "dray", *argv) if self.as_root else argv


def shorten_script(text: str) -> str:
    """Return a shell script without its comments, empty lines and indentation: it travels with every deployment.

    For scripts without texts of several lines in which those would count.
    """
    lines = (line.strip() for line in text.splitlines())
    return "".join(f"{line}\n" for line in lines if line and not line.startswith("#"))
