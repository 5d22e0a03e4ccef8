"""Asks whoever sits there whether an unknown host is the one that is meant."""

from __future__ import annotations

import sys


def ask_user(host: str, algorithm: str, fingerprint: str) -> bool:
    """Show the fingerprint of a host's key, and return whether the user takes it for the host's.

    Where nobody can be asked, the answer is no.
    """
    if not sys.stdin.isatty():
        return False
    sys.stderr.write(
        f"\n{host} is not known here yet. Its {algorithm} key has the fingerprint\n\n    {fingerprint}\n\n"
        "It is right if the host's console says the same: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub\n"
        "Go on, and remember the key? Type yes: "
    )
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() == "yes"
