"""Steps outside of Python: what they are told of a release, and what they add to it.

A program is told through two environment variables. ``DRAY_RELEASE`` names a JSON file that describes the release;
``DRAY_ADD`` names an empty folder: whatever the program puts there becomes part of the release, at the same path.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dray.assemble.applications import list_folder
from dray.assemble.manifest import manifest_path
from dray.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from dray.core.context import Context
    from dray.core.release import Release


@dataclass(frozen=True, slots=True)
class Workplace:
    """The files through which dray and a program talk.

    Args:
        description: The JSON file.
        added: The folder for what is added.
    """

    description: Path
    added: Path

    @property
    def environment(self) -> dict[str, str]:
        """The variables that tell a program where they are."""
        return {"DRAY_RELEASE": str(self.description), "DRAY_ADD": str(self.added)}


def describe_for_programs(release: Release) -> dict[str, Any]:
    """Return a release as programs see it."""
    return {
        "name": release.name,
        "version": release.version,
        "env": release.env,
        "root": str(release.project.root) if release.project else None,
        "tree": str(release.tree) if release.tree else None,
        "erts": release.erts.version if release.erts else None,
        "applications": [
            {"name": app.name, "version": app.version, "mode": app.mode.value, "origin": app.origin.value}
            for app in release.applications
        ],
        "files": [entry.path for entry in release.contents],
        "artifacts": [{"kind": item.kind, "path": str(item.path)} for item in release.artifacts],
    }


def run_outside(
    release: Release,
    ctx: Context,
    label: str,
    run: Callable[[Workplace], None],
    *,
    inputs: Sequence[str] = (),
    command: Sequence[str] = (),
) -> Release:
    """Run a program and return the release with what it added.

    Args:
        release: The release.
        ctx: The outside world.
        label: Tells this use of a program from others in the pipeline.
        run: Starts the program.
        inputs: Patterns of files, relative to the project. Where they are given, the program runs only when one of
            these files, the release or the command has changed; otherwise what it added the last time is taken.
        command: What is run, for that comparison.

    Raises:
        ConfigError: ``inputs`` are given for a release that is not assembled, which cannot be compared.
    """
    place = ctx.work / "steps" / hashlib.sha256(label.encode()).hexdigest()[:16]
    workplace = Workplace(place / "release.json", place / "add")
    record = place / "inputs"
    key = _key_of_inputs(release, ctx, inputs, command) if inputs else None
    if key is None or not record.is_file() or record.read_text(encoding="utf-8") != key:
        shutil.rmtree(place, ignore_errors=True)
        workplace.added.mkdir(parents=True)
        workplace.description.write_text(json.dumps(describe_for_programs(release), indent=1), encoding="utf-8")
        run(workplace)
        if key is not None:
            record.write_text(key, encoding="utf-8")
    else:
        ctx.console.result("inputs unchanged")
    added = list(list_folder(workplace.added, ""))
    if not added:
        return release
    ctx.console.result(f"{len(added)} added")
    return release.add(*added)


def _key_of_inputs(release: Release, ctx: Context, inputs: Sequence[str], command: Sequence[str]) -> str:
    manifest = release.digests.get(manifest_path(release))
    if manifest is None:
        raise ConfigError(
            "inputs= can be compared once the release is assembled", hint="put the step after assemble()"
        )
    digest = hashlib.sha256(json.dumps([manifest.sha256, *command]).encode())
    for pattern in inputs:
        for path in sorted(ctx.root.glob(pattern)):
            if path.is_file():
                digest.update(f"{path}\0".encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
