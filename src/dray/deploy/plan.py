"""What is deployed and how, as one value each."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from dray.core.progress import Advance
    from dray.core.release import Release
    from dray.deploy.fitness import Demand
    from dray.deploy.fleet import Fleet
    from dray.deploy.history import History
    from dray.deploy.host_state import HostState
    from dray.deploy.manifest import Manifest
    from dray.deploy.member import Member
    from dray.deploy.place import Place


@dataclass(frozen=True, slots=True)
class Cargo:
    """What is deployed.

    Args:
        release: The release as hosts take it.
        manifest: Its manifest.
        source: What identifies the content that it was made of.
        reasons: Why a restart is needed, as far as this machine knows.
        keep: Keeps on this machine what is deployed; called in a thread while hosts are busy.
    """

    release: Release
    manifest: Manifest
    source: str
    reasons: tuple[str, ...] = ()
    keep: Callable[[], None] = lambda: None


def _tell_nobody(advance: Advance) -> None:
    del advance


@dataclass(frozen=True, slots=True)
class Plan:
    """How a release is deployed.

    Args:
        fleet: Where.
        place: The release on the hosts.
        release: The release as it was built.
        demands: What its machine code needs.
        prepare: Makes the cargo of what the hosts have: called once, in a thread.
        history: What was deployed from here.
        who: Who deploys.
        owner: A word by which a host knows that a lock which was left over is of whoever wants it now.
        environment: The variables of the release for each host; None leaves what is there.
        scripts: What runs the release there, for places that nobody sets up.
        run_local: Runs a command on this machine, for a host; what it raises counts as the host's.
        announce: Called whenever the hosts have got on.
    """

    fleet: Fleet
    place: Place
    release: Release
    demands: tuple[Demand, ...]
    prepare: Callable[[tuple[Member, ...], tuple[Manifest, ...]], Cargo]
    history: History
    who: str
    owner: str
    environment: bytes | None = None
    scripts: bytes | None = None
    run_local: Callable[[str, str], None] | None = None
    announce: Callable[[Advance], None] = _tell_nobody

    @property
    def variables(self) -> str:
        """The SHA-256 of the release's variables; empty where what is there is left."""
        return hashlib.sha256(self.environment).hexdigest() if self.environment is not None else ""

    def changes_variables(self, state: HostState) -> bool:
        """Tell whether what runs on a host was not started with these variables."""
        return self.environment is not None and state.facts.get("environment") != self.variables
