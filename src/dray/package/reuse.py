"""Makes an artifact only where the one in place is not what would come out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dray.assemble.manifest import manifest_path
from dray.core.artifact import Artifact
from dray.disk import write_atomically
from dray.errors import ConfigError, StepError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dray.core.contents import Digest
    from dray.core.release import Release


def manifest_digest(release: Release, *, step: str) -> str:
    """Return the checksum of the release's manifest, which stands for all that it consists of.

    Args:
        release: The release.
        step: Who asks, for the message.

    Raises:
        ConfigError: The release is not assembled yet.
    """
    manifest = release.digests.get(manifest_path(release))
    if manifest is None:
        raise ConfigError(f"{step} packs an assembled release", hint=f"put assemble() before {step}()")
    return manifest.sha256


def reuse_or_write(
    path: Path, *, kind: str, key: str, records: Path, write: Callable[[Path], Digest]
) -> tuple[Artifact, bool]:
    """Return an artifact, and whether it was there already.

    Args:
        path: The file.
        kind: ``tar``, ``deb``, ...
        key: Stands for everything that the artifact is made of.
        records: Where it is remembered what was made.
        write: Makes the file and returns its digest.

    Raises:
        StepError: The file cannot be written; an older one stays.
    """
    known = _load(records)
    record = known.get(str(path))
    if record is not None and record["key"] == key and _state(path) == record["state"]:
        return Artifact(kind, path, record["size"], record["sha256"]), True
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        digest = write(path)
    except OSError as error:
        raise StepError(f"{path} cannot be written: {error.strerror or error}") from error
    known[str(path)] = {"key": key, "state": _state(path), "size": digest.size, "sha256": digest.sha256}
    write_atomically(records, json.dumps(known).encode())
    return Artifact(kind, path, digest.size, digest.sha256), False


def _state(path: Path) -> list[int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]


def _load(records: Path) -> dict[str, Any]:
    try:
        known = json.loads(records.read_bytes())
        return {path: known[path] for path in known if {"key", "state", "size", "sha256"} <= known[path].keys()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}
