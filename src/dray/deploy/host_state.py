"""What a host says of itself: the answer to ``look``.

state = parse_state(("fact system Linux", "fact cpu x86_64", "version 0.1.0 9f86... good 1764200000"))
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dray.native.platform import Platform

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

READY, GOOD, BAD = "ready", "good", "bad"
"""The states of a version: installed, found well, found not well."""


@dataclass(frozen=True, slots=True)
class InstalledVersion:
    """A version that is installed on a host.

    Args:
        version: The release's version.
        manifest: The SHA-256 of its manifest.
        state: ``ready``, ``good`` or ``bad``.
        since: When it came to that, in seconds since 1970 by the host's clock.
        source: What identifies the content that it was made of; empty where that is not known.
    """

    version: str
    manifest: str
    state: str = READY
    since: int = 0
    source: str = ""


@dataclass(frozen=True, slots=True)
class HostState:
    """What a host is and what is installed on it.

    Args:
        facts: What ``look`` calls facts, by name.
        versions: The installed versions.
        stages: Manifests of which a transfer broke off.
        status: What the launcher says of the running node.
    """

    facts: Mapping[str, str]
    versions: tuple[InstalledVersion, ...] = ()
    stages: tuple[str, ...] = ()
    status: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_set_up(self) -> bool:
        """Whether the host knows how to run the release."""
        return self.facts.get("setup") == "yes"

    @property
    def permanent(self) -> str:
        """The version that the next start starts; empty for none."""
        return self.facts.get("permanent", "")

    @property
    def running(self) -> str:
        """The version that runs; empty where nothing answers."""
        return str(self.status.get("version", ""))

    @property
    def run_state(self) -> str:
        """``running``, ``silent`` or ``stopped``."""
        return str(self.status.get("state", "stopped"))

    @property
    def free_bytes(self) -> int:
        """What can still be written; 0 where that is not known."""
        free = self.facts.get("free_kb", "")
        return int(free) * 1024 if free.isdigit() else 0

    @property
    def platform(self) -> Platform:
        """What the host is."""
        libc, _, version = self.facts.get("libc", "").partition(" ")
        numbers = tuple(int(part) for part in version.split(".") if part.isdigit())
        cpu = {"arm64": "aarch64", "amd64": "x86_64"}.get(self.facts.get("cpu", ""), self.facts.get("cpu", ""))
        return Platform(cpu, self.facts.get("system", "").lower(), "" if libc == "unknown" else libc, numbers)

    def find(self, version: str) -> InstalledVersion | None:
        """Return an installed version."""
        return next((item for item in self.versions if item.version == version), None)

    @property
    def previous(self) -> str:
        """The good version before the permanent one; empty for none."""
        others = [item for item in self.versions if item.state == GOOD and item.version != self.permanent]
        return max(others, key=lambda item: (item.since, item.version)).version if others else ""


def parse_state(lines: Iterable[str]) -> HostState:
    """Return what the lines of an answer to ``look`` say; lines of other kinds say nothing."""
    facts: dict[str, str] = {}
    versions, stages = [], []
    status: dict[str, Any] = {}
    for line in lines:
        kind, _, rest = line.partition(" ")
        if kind == "fact":
            key, _, value = rest.partition(" ")
            facts[key] = value
        elif kind == "version" and len(parts := rest.split(" ")) >= 4:
            since = int(parts[3]) if parts[3].isdigit() else 0
            versions.append(InstalledVersion(parts[0], parts[1], parts[2], since, "".join(parts[4:5])))
        elif kind == "stage":
            stages.append(rest)
        elif kind == "status":
            status = _parse_status(rest)
    return HostState(facts, tuple(versions), tuple(stages), status)


def _parse_status(text: str) -> dict[str, Any]:
    """Return what the launcher says; nothing for a release whose launcher does not speak JSON."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def list_removable(state: HostState, *, keep: int, before: str = "") -> tuple[str, ...]:
    """Return the versions that need not stay, the oldest first.

    The running, the permanent and the last good version stay in any case, and of the others as many good ones that
    there are ``keep`` of them. Versions that were not found well go once there are more than ``keep`` of them, too:
    the newest of them are left for whoever asks why.

    Args:
        state: What the host has.
        keep: How many good versions stay.
        before: The version that ran before a deployment: within a second, times do not tell it from others.
    """
    holy = {state.running, state.permanent, state.previous, before}
    newest = sorted(state.versions, key=lambda item: (item.since, item.version), reverse=True)
    good = [item.version for item in newest if item.state == GOOD]
    others = [item.version for item in newest if item.state != GOOD]
    stay = holy | set(good[:keep]) | set(others[:keep])
    return tuple(item.version for item in reversed(newest) if item.version not in stay)
