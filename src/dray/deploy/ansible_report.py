"""What Ansible's hosts said, as what became of a deployment: a line of JSON for each result of the module ``deploy``.

The callback ``dray.release.report`` writes the lines. Of several of one host, the last one counts.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dray.core.rollout import HostResult, Outcome, Rollout

if TYPE_CHECKING:
    from pathlib import Path


def read_report(file: Path, release: str, version: str, *, fleet: str, seconds: float) -> Rollout:
    """Return what became of the hosts.

    Args:
        file: What the callback has written.
        release: The release.
        version: The version that was to be deployed.
        fleet: The name that stands for all hosts.
        seconds: How long it took.
    """
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    hosts: dict[str, list[dict[str, Any]]] = {}
    for line in text.splitlines():
        said = json.loads(line)
        hosts.setdefault(said["host"], []).append(said)
    results = tuple(_read_host(host, said) for host, said in sorted(hosts.items()))
    return Rollout(fleet, release, version, results, seconds)


def _read_host(host: str, said: list[dict[str, Any]]) -> HostResult:
    last = said[-1]
    sent = sum(int(result.get("fetched", 0)) for result in said)
    version, previous = str(last.get("version", "")), str(last.get("previous", ""))
    why = str(last.get("msg", "")).strip().partition("\n")[0]
    if last.get("unreachable"):
        return HostResult(host, Outcome.SKIPPED, why=why)
    if last.get("failed"):
        outcome = Outcome.ROLLED_BACK if last.get("rolled_back") else Outcome.FAILED
        return HostResult(host, outcome, version, previous, why=why, sent=sent)
    if last.get("state") != "running":
        return HostResult(host, Outcome.UNTOUCHED, previous, previous, sent=sent)
    mode = str(last.get("mode", ""))
    return HostResult(
        host,
        Outcome.DONE if mode else Outcome.UNCHANGED,
        version,
        previous,
        mode=mode,
        reasons=tuple(last.get("reasons", ())),
        sent=sent,
        seconds=float(last.get("seconds", 0)),
    )
