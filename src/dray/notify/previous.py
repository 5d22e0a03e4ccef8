"""The release before: what a new one is compared with.

It is the one that most hosts ran before they were taken to the new one; where nothing was deployed, the one that a
publication took the place of; where nothing was published, the base of the upgrade; where there is none, what was
announced last from here; and else the new one is the first.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dray.core.rollout import Outcome
from dray.disk import read_sealed, write_sealed
from dray.errors import DrayError
from dray.project.git import find_revision

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dray.core.context import Context, Shell
    from dray.core.release import Release

_COMMIT_IN_VERSION = re.compile(r"[+.-]g?([0-9a-f]{7,40})(?:\.dirty)?\Z")


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a release that was built, or announced, at some time.

    Args:
        version: Its version.
        commit: The full name of its commit; empty where it is not known.
        applications: Names and versions; empty where they are not known.
    """

    version: str
    commit: str = ""
    applications: Mapping[str, str] = field(default_factory=dict)


def describe_release(release: Release) -> Known:
    """Return what is remembered of a release that is announced."""
    commit = release.project.commit if release.project else None
    return Known(
        release.version, commit.sha if commit else "", {app.name: app.version for app in release.applications}
    )


def find_previous(release: Release, ctx: Context) -> Known | None:
    """Return the release before; None for a first one."""
    remembered = _recall_other(release, ctx.work)
    published = next((item for item in release.publications if item.previous), None)
    base = next(iter(release.upgrades), None)
    deployed = _find_deployed(release)
    if deployed is not None:
        found = deployed
    elif published is not None:
        suffix = published.version.removeprefix(release.version)  # such as a revision of the package
        found = Known(published.previous.removesuffix(suffix) or published.previous, published.previous_commit)
    elif base is not None:
        found = Known(base.base)
    elif remembered is not None:
        found = remembered
    else:
        return None
    others = [_read_base(item.place) for item in release.upgrades if item.base == found.version]
    for other in (*others, remembered):
        if other is not None and other.version == found.version:
            found = Known(found.version, found.commit or other.commit, found.applications or other.applications)
    return Known(found.version, _find_commit(found, ctx.shell, ctx.root), found.applications)


def _find_deployed(release: Release) -> Known | None:
    """Return what most hosts ran before; None where none ran another version."""
    switched = [host.previous for rollout in release.rollouts for host in rollout.list_hosts(Outcome.DONE)]
    counts = Counter(version for version in switched if version and version != release.version)
    if not counts:
        return None
    version = max(counts, key=counts.__getitem__)
    replaced = (item for rollout in release.rollouts for item in rollout.replaced if item.version == version)
    known = next(replaced, None)
    return Known(version, known.commit, dict(known.applications)) if known else Known(version)


def remember_announced(release: Release, work: Path) -> None:
    """Keep that a release was announced, for the next one to be compared with it."""
    now = describe_release(release)
    kept = [known for known in _recall(release.name, work) if _identity(known) != _identity(now)]
    stored = [{"version": k.version, "commit": k.commit, "applications": dict(k.applications)} for k in (*kept, now)]
    with contextlib.suppress(OSError):  # then the next message says less
        write_sealed(_file(release.name, work), json.dumps(stored[-2:]).encode())


def _recall_other(release: Release, work: Path) -> Known | None:
    """Return the release that was announced before this one, which another step may have announced already."""
    now = _identity(describe_release(release))
    return next((known for known in reversed(_recall(release.name, work)) if _identity(known) != now), None)


def _identity(known: Known) -> tuple[str, str]:
    return known.version, known.commit


def _recall(name: str, work: Path) -> tuple[Known, ...]:
    kept = read_sealed(_file(name, work))
    try:
        stored: list[dict[str, Any]] = json.loads(kept) if kept else []
        return tuple(Known(item["version"], item["commit"], item["applications"]) for item in stored)
    except (ValueError, KeyError, TypeError):
        return ()


def _file(name: str, work: Path) -> Path:
    return work / "announced" / f"{name}.json"


def _read_base(place: str) -> Known | None:
    """Return what the manifest of an upgrade's base says."""
    from dray.assemble.stored import is_manifest, iterate_files, parse_manifest  # noqa: PLC0415 - few have a base

    with contextlib.suppress(DrayError, OSError, KeyError, TypeError):
        stored = (file for file in iterate_files(Path(place)) if file.data is not None and is_manifest(file.path))
        file = next(stored, None) if place else None
        if file is not None and file.data is not None:
            facts = parse_manifest(file.data, place)
            applications = {item["name"]: item["version"] for item in facts["applications"]}
            return Known(facts["version"], (facts.get("commit") or {}).get("sha", ""), applications)
    return None


def _find_commit(known: Known, shell: Shell, root: Path) -> str:
    """Return the commit of a release: as it is known, by its tag, or by its version that ends with it."""
    if known.commit:
        return known.commit
    in_version = _COMMIT_IN_VERSION.search(known.version)
    names = (f"refs/tags/v{known.version}", f"refs/tags/{known.version}", in_version[1] if in_version else "")
    return next((found for name in names if (found := find_revision(shell, root, name))), "")
