"""``releases/VERSION/manifest.json``: what a release consists of, for whoever compares, sends or checks it.

Made of the release alone: the same release gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from dray._version import __version__
from dray.core.contents import Directory, File, Symlink

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dray.core.release import Release

FORMAT = 1


def manifest_path(release: Release) -> str:
    """Return where the manifest is, relative to the release's root."""
    return f"{release.version_path}/manifest.json"


def format_manifest(release: Release) -> bytes:
    """Return the manifest of a release whose files have digests; it lists everything but itself.

    One file a line, so that two manifests can be compared by eye.
    """
    listed = [entry for entry in release.contents if entry.path != manifest_path(release)]
    head = json.dumps(_describe(release, listed), indent=1, sort_keys=True).removesuffix("\n}")
    files = ",\n  ".join(_format_entry(entry) for entry in listed)
    return f'{head},\n "files": [\n  {files}\n ]\n}}\n'.encode()


def _describe(release: Release, listed: list[Any]) -> dict[str, Any]:
    project = release.project
    tools = project.toolchain if project else None
    commit = project.commit if project else None
    return {
        "format": FORMAT,
        "dray": __version__,
        "name": release.name,
        "version": release.version,
        "env": release.env,
        "target": project.target if project else "host",
        "elixir": tools.elixir_version if tools else None,
        "otp": tools.otp_release if tools else None,
        "erts": release.erts.version if release.erts else None,
        "erts_included": bool(release.erts and release.erts.included),
        "commit": {"sha": commit.sha, "time": commit.time, "dirty": commit.dirty} if commit else None,
        "applications": _describe_applications(release, listed),
    }


def _describe_applications(release: Release, listed: Iterable[Any]) -> list[dict[str, str]]:
    digests = {application.directory: hashlib.sha256() for application in release.applications}
    present = set()
    for entry in listed:
        folder, _, inner = entry.path.partition("/ebin/")
        folder = entry.path[: _second_slash(entry.path)] if not inner else folder
        digest = digests.get(folder)
        if digest is not None and isinstance(entry, File) and entry.digest is not None:
            present.add(folder)
            digest.update(f"{entry.path[len(folder) :]}\0{entry.digest.sha256}\n".encode())
    return [
        {
            "name": application.name,
            "version": application.version,
            "mode": application.mode.value,
            "origin": application.origin.value,
            "digest": digests[application.directory].hexdigest() if application.directory in present else "",
        }
        for application in release.applications
    ]


def _second_slash(path: str) -> int:
    first = path.find("/")
    second = path.find("/", first + 1)
    return second if second > 0 else len(path)


def _format_entry(entry: Any) -> str:
    match entry:
        case File(digest=digest) if digest is not None:
            values = f'"size": {digest.size}, "sha256": "{digest.sha256}", "mode": "{entry.mode:04o}"'
        case Symlink():
            values = f'"target": {json.dumps(entry.target)}'
        case Directory():
            values = f'"directory": true, "mode": "{entry.mode:04o}"'
        case _:
            raise ValueError(f"the digest of {entry.path} is not known yet")
    return f'{{"path": {json.dumps(entry.path)}, {values}}}'
