"""What a project is compiled from besides its own files: what ``mix.exs`` and modules name that lies elsewhere.

A snapshot of the project's folder does not see these: source folders and templates beside the project, and the files
that modules name with ``@external_resource``, which the compiler keeps as an attribute of the module.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dray.beam.etf import decode
from dray.beam.module import read_chunks
from dray.errors import IntegrityError
from dray.project.places import is_seen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dray.core.project import Project

_ATTRIBUTE = b"external_resource"


def list_outside(project: Project) -> tuple[Path, ...]:
    """Return the files and folders that a snapshot of the project's folder does not see.

    Args:
        project: The facts of a project that has just been compiled.
    """
    found = {path for member in project.members for path in member.source_paths}
    found |= {project.root / definition.rel_templates_path for definition in project.releases}
    for name, folder in _list_compiled_here(project):
        found |= {folder / path for path in _read_resources(project.build_path / "lib" / name / "ebin")}
    places = {Path(os.path.normpath(path)) for path in found}
    return tuple(sorted(place for place in places if not is_seen(place, project.root)))


def _list_compiled_here(project: Project) -> list[tuple[str, Path]]:
    own = [(member.name, member.path) for member in project.members]
    return own + [(item.name, item.path) for item in project.dependencies if item.source == "path"]


def _read_resources(ebin: Path) -> Iterator[str]:
    for path in sorted(ebin.glob("*.beam")):
        try:
            data = path.read_bytes()
            if _ATTRIBUTE in data:
                yield from _parse_resources(dict(read_chunks(data)).get(b"Attr", b""))
        except (OSError, IntegrityError):
            continue


def _parse_resources(chunk: bytes) -> Iterator[str]:
    attributes: Any = decode(chunk) if chunk else []
    for name, values in attributes:
        if name == "external_resource":
            yield from (value.decode("utf-8", "surrogateescape") for value in values if isinstance(value, bytes))
