"""``releases/VERSION/manifest.json``: what a release consists of, for whoever compares, sends or checks it.

Made of the release alone: the same release gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from dray._version import __version__
from dray.core.contents import File, Symlink

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dray.core.contents import Digest, Entry
    from dray.core.release import Release
    from dray.core.upgrade import Upgrade

FORMAT = 1


def manifest_path(release: Release) -> str:
    """Return where the manifest is, relative to the release's root."""
    return f"{release.version_path}/manifest.json"


def format_manifest(release: Release) -> bytes:
    """Return the manifest of a release whose digests are known; it lists everything but itself.

    One file a line, so that two manifests can be compared by eye.
    """
    listed = [entry for entry in release.contents if entry.path != manifest_path(release)]
    head = json.dumps(_describe(release, listed), indent=1, sort_keys=True).removesuffix("\n}")
    files = ",\n  ".join([_format_entry(entry, release.digests) for entry in listed])
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
        **({"upgrades": [_describe_upgrade(upgrade) for upgrade in release.upgrades]} if release.upgrades else {}),
    }


def _describe_upgrade(upgrade: Upgrade) -> dict[str, Any]:
    return {
        "from": upgrade.base,
        "verdict": upgrade.verdict.value,
        "reasons": list(upgrade.reasons),
        "changes": list(upgrade.changes),
    }


def _describe_applications(release: Release, listed: Iterable[Any]) -> list[dict[str, str]]:
    files: dict[str, list[str]] = {}
    for entry in listed:
        if isinstance(entry, File) and entry.path.startswith("lib/"):
            folder, _, inner = entry.path[4:].partition("/")
            files.setdefault(f"lib/{folder}", []).append(f"{inner} {release.digests[entry.path].sha256}")
    return [
        {
            "name": application.name,
            "version": application.version,
            "mode": application.mode.value,
            "origin": application.origin.value,
            "digest": _digest_lines(files.get(application.directory, [])),
        }
        for application in release.applications
    ]


def _digest_lines(lines: list[str]) -> str:
    """Return what identifies an application's files; empty where the release does not carry it."""
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest() if lines else ""


def _format_entry(entry: Entry, digests: Mapping[str, Digest]) -> str:
    plain = entry.path.isprintable() and entry.path.isascii() and '"' not in entry.path and "\\" not in entry.path
    path = f'"{entry.path}"' if plain else json.dumps(entry.path)
    if isinstance(entry, File):
        digest = digests[entry.path]
        return f'{{"path": {path}, "size": {digest.size}, "sha256": "{digest.sha256}", "mode": "{entry.mode:04o}"}}'
    if isinstance(entry, Symlink):
        return f'{{"path": {path}, "target": {json.dumps(entry.target)}}}'
    return f'{{"path": {path}, "directory": true, "mode": "{entry.mode:04o}"}}'
