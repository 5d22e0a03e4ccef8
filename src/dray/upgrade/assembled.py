"""The release of a running pipeline as a build; its tree need not be written yet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dray.assemble.content import read_file, read_source
from dray.beam.module import StrippedModule
from dray.core.contents import File
from dray.upgrade.build import Build
from dray.upgrade.content import Content
from dray.upgrade.side import build_side

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dray.core.release import Release


def build_of(release: Release) -> Build:
    """Return the release of a running pipeline.

    Raises:
        IntegrityError: A file of it is damaged.
    """
    side = build_side(f"{release.name} {release.version}", _iterate(release))
    tools = release.project.toolchain if release.project else None
    origins = {app.name: app.origin.value for app in release.applications}
    return Build(replace(side, otp=tools.otp_release if tools else None, origins=origins))


def _iterate(release: Release) -> Iterator[Content]:
    for entry in release.contents:
        if isinstance(entry, File):
            # A module that is stripped later is the same code now.
            source = entry.source
            if isinstance(source, StrippedModule):
                yield Content(entry.path, read_source(Path(source.origin)))
            else:
                yield Content(entry.path, read_file(release, entry))
