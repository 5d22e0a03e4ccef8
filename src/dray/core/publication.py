"""What a step published: which package went to which repository, and what it takes the place of there."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Publication:
    """One package in a repository.

    Args:
        repository: Where it is, as the user names it: a folder or an address.
        package: The package's name.
        version: Its version.
        previous: The newest version that was there before; empty for a first one.
        previous_commit: The commit that one was built from; empty where it is not known.
        rollout: The percentage of hosts that take it by themselves.
    """

    repository: str
    package: str
    version: str
    previous: str = ""
    previous_commit: str = ""
    rollout: int = 100
