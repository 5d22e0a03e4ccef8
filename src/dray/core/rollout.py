"""What became of a deployment, host by host: for whoever prints, reports or decides on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Outcome(StrEnum):
    """What became of one host."""

    DONE = "done"
    UNCHANGED = "unchanged"
    ROLLED_BACK = "rolled back"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNTOUCHED = "untouched"

    @property
    def is_good(self) -> bool:
        """Whether the host runs what it should."""
        return self in {Outcome.DONE, Outcome.UNCHANGED}


@dataclass(frozen=True, slots=True)
class HostResult:
    """What became of one host.

    Args:
        host: Its name.
        outcome: What became of it.
        version: What it runs now; empty for nothing, or where that is not known.
        previous: What it ran before; empty for nothing.
        mode: ``hot``, ``restart``, or ``start`` where nothing ran before; empty where nothing was switched.
        reasons: Why a restart was needed.
        why: What went wrong.
        sent: The bytes that were sent to it.
        seconds: How long it took to take it to the version.
        log: The last lines of its log before it was taken back.
    """

    host: str
    outcome: Outcome
    version: str = ""
    previous: str = ""
    mode: str = ""
    reasons: tuple[str, ...] = ()
    why: str = ""
    sent: int = 0
    seconds: float = 0.0
    log: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Replaced:
    """A version that hosts ran before.

    Args:
        version: The version.
        commit: The full name of its commit; empty where it is not known.
        applications: Its applications and their versions.
    """

    version: str
    commit: str = ""
    applications: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Rollout:
    """What became of a deployment.

    Args:
        fleet: The fleet's name, or the folder.
        release: The release's name.
        version: The version that was to be deployed.
        hosts: What became of each host, in the order of the fleet.
        seconds: How long it took.
        replaced: The versions that hosts ran before, as they say themselves.
    """

    fleet: str
    release: str
    version: str
    hosts: tuple[HostResult, ...]
    seconds: float = 0.0
    replaced: tuple[Replaced, ...] = ()

    @property
    def is_good(self) -> bool:
        """Whether every host runs the version."""
        return all(host.outcome.is_good for host in self.hosts)

    def list_hosts(self, *outcomes: Outcome) -> tuple[HostResult, ...]:
        """Return the hosts with one of some outcomes."""
        return tuple(host for host in self.hosts if host.outcome in outcomes)
