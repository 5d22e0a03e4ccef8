"""What Ansible's hosts said last, as what became of a deployment.

Ansible's own callback ``tree`` writes a file for every host. A host whose last word is not of the module ``deploy``
ran a playbook of the user's that goes on behind it: what became of it, only the playbook's status says.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dray.core.rollout import HostResult, Outcome, Rollout

if TYPE_CHECKING:
    from pathlib import Path


def read_results(folder: Path, release: str, version: str, *, fleet: str, seconds: float) -> Rollout:
    """Return what became of the hosts.

    Args:
        folder: Where the callback has written.
        release: The release.
        version: The version that was to be deployed.
        fleet: The name that stands for all hosts.
        seconds: How long it took.
    """
    hosts = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        try:
            said = json.loads(path.read_bytes())
        except (OSError, ValueError):
            continue
        found = read_result(path.name, said if isinstance(said, dict) else {})
        if found is not None:
            hosts.append(found)
    return Rollout(fleet, release, version, tuple(hosts), seconds)


def read_result(host: str, said: dict[str, Any]) -> HostResult | None:
    """Return what became of a host; None where its last word tells nothing of it."""
    version, previous = str(said.get("version", "")), str(said.get("previous", ""))
    if said.get("unreachable"):
        return HostResult(host, Outcome.SKIPPED, why=_first_line(said))
    if said.get("failed"):
        outcome = Outcome.ROLLED_BACK if said.get("rolled_back") else Outcome.FAILED
        return HostResult(host, outcome, version, previous, why=_first_line(said))
    if "state" not in said or "fetched" not in said:
        return None
    if said["state"] != "running":
        return HostResult(host, Outcome.UNTOUCHED, previous, previous, sent=int(said["fetched"]))
    return HostResult(
        host,
        Outcome.DONE if said.get("mode") else Outcome.UNCHANGED,
        version,
        previous,
        mode=str(said.get("mode", "")),
        reasons=tuple(said.get("reasons", ())),
        sent=int(said["fetched"]),
        seconds=float(said.get("seconds", 0)),
    )


def _first_line(said: dict[str, Any]) -> str:
    return str(said.get("msg", "")).strip().partition("\n")[0]
