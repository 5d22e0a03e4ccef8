"""Whether the key that a host shows is the one that is known of it. Every connection asks; nothing turns it off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.deploy.known_hosts import KnownKey, find_keys, read_known_hosts

if TYPE_CHECKING:
    from dray.deploy.ssh_config import Target

_SIGNATURES = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}
_KINDS = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa")


@dataclass(frozen=True, slots=True)
class KnownHost:
    """What the files say of one host.

    Args:
        exact: The keys under its name.
        plain: The keys under its name without the port: one of them is right, and another one is merely new.
        authorities: The keys that sign for it.
        revoked: The keys that nobody may show any more.
    """

    exact: tuple[KnownKey, ...] = ()
    plain: tuple[KnownKey, ...] = ()
    authorities: tuple[KnownKey, ...] = ()
    revoked: tuple[KnownKey, ...] = ()

    def knows(self, blob: bytes) -> bool:
        """Tell whether a key is known."""
        return any(key.blob == blob for key in (*self.exact, *self.plain))

    def list_algorithms(self) -> tuple[str, ...]:
        """Return how the host may sign: by a key that is known, if it has one, so that it can be compared."""
        known = dict.fromkeys(key.algorithm for key in (*self.exact, *self.plain))
        certified = [f"{kind}-cert-v01@openssh.com" for kind in _list_signatures(_KINDS)]
        kinds = _list_signatures((*known, *_KINDS))
        return tuple(dict.fromkeys((*(certified if self.authorities else ()), *kinds)))


def _list_signatures(kinds: tuple[str, ...]) -> list[str]:
    return [name for kind in kinds for name in _SIGNATURES.get(kind, (kind,))]


def read_known_host(target: Target) -> KnownHost:
    """Read what the files of known hosts say of a host."""
    read = read_known_hosts((*target.user_known, *target.global_known))
    keys = tuple(key for key in read if key.algorithm in _KINDS)  # of others nothing can be verified
    found = find_keys(keys, target.known_as)
    plain = find_keys(keys, target.plain_name) if target.plain_name not in {"", target.known_as} else ()
    either = tuple(dict.fromkeys((*found, *plain)))
    return KnownHost(
        exact=tuple(key for key in found if not key.marker),
        plain=tuple(key for key in plain if not key.marker),
        authorities=tuple(key for key in either if key.marker == "@cert-authority"),
        revoked=tuple(key for key in either if key.marker == "@revoked"),
    )
