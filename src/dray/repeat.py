"""Leaves out a build in which nothing has changed: no step runs, and most of dray is not even loaded.

What a build read and what it made is looked at before and after it. A build between two equal snapshots has changed
nothing, so the next one would not either, as long as everything is as it was and all steps are repeatable
(``StepDefinition.repeatable``). Anything else, and everything that cannot be told, is built.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dray._version import __version__
from dray.core.pipeline import Parallel
from dray.disk import read_sealed, write_sealed
from dray.plugins import find_packages
from dray.project.environment import list_variables
from dray.project.git import find_git_index
from dray.project.places import list_common_files, list_tools
from dray.project.snapshot import Snapshot, differences, take_snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dray.core.contents import Source
    from dray.core.context import Context
    from dray.core.pipeline import Pipeline
    from dray.core.release import Release
    from dray.core.step_options import Overrides

_OWN_FILES = Path(__file__).parent
_OVERLAYS = "rel/overlays"


@dataclass(frozen=True, slots=True)
class Places:
    """Where everything lies that a build read or made.

    Args:
        sources: Folders of sources, without what is built in them.
        roots: Folders, all files below them.
        files: Single files.
        folders: Folders of which only the names in them count.
    """

    sources: tuple[str, ...]
    roots: tuple[str, ...]
    files: tuple[str, ...]
    folders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """What is kept of a build.

    Args:
        question: Stands for what was asked: the pipeline, its options, the settings, the environment.
        places: What it read and made.
        report: What it reported.
        warnings: What it warned of.
        snapshot: The state of the places, where it is known that a build changes nothing in it.
        names: The names in ``places.folders`` at that time.
    """

    question: str
    places: Places
    report: Mapping[str, Any]
    warnings: tuple[str, ...] = ()
    snapshot: Snapshot | None = None
    names: tuple[tuple[str, ...], ...] = ()


class Repeat:
    """The question whether a build can be left out.

    Args:
        ctx: The outside world.
        name: The pipeline's name.
        pipeline: The pipeline.
        overrides: The values of ``--set``.
    """

    def __init__(self, ctx: Context, name: str, pipeline: Pipeline, overrides: Overrides) -> None:
        self._ctx = ctx
        self._file = ctx.work / "repeat" / f"{name}.json"
        self._pipeline = pipeline
        self._question = _describe(ctx, pipeline, overrides)
        self._before: tuple[Places, Snapshot, tuple[tuple[str, ...], ...]] | None = None

    @property
    def is_possible(self) -> bool:
        """Whether a build of this kind can ever be left out."""
        return not self._ctx.mix_arguments and all(step.definition.repeatable for step in self._pipeline.steps())

    def find(self) -> Record | None:
        """Return what is kept of the last build, if this one would change nothing; otherwise it must run."""
        record = _load(self._file) if self.is_possible else None
        if record is None or record.question != self._question:
            return None
        sources = self._look_at_sources(record.places)
        if record.snapshot is not None and _has_changed(record.snapshot, sources):
            return None  # what the other places look like is of no interest then
        current, names = self._look_at_all(record.places, sources), _list_names(record.places)
        self._before = (record.places, current, names)
        if record.snapshot is None or record.names != names or differences(record.snapshot, current):
            return None
        return record

    def remember(self, release: Release, report: Mapping[str, Any], warnings: tuple[str, ...]) -> None:
        """Keep what a build has done; whether a further one can be left out shows when the next has changed nothing.

        Args:
            release: What came out.
            report: What it reported.
            warnings: What it warned of.
        """
        if not self.is_possible or release.tree is None or not _is_repeatable(release):
            self._file.unlink(missing_ok=True)
            return
        places = _list_places(self._ctx, release)
        record = Record(self._question, places, report, warnings)
        if self._before is not None and self._before[0] == places:
            _, before, names = self._before
            after = self._look_at_all(places, self._look_at_sources(places))
            if names == _list_names(places) and not differences(before, after):
                record = replace(record, snapshot=before.settle(after), names=names)
        _save(self._file, record)

    def _look_at_sources(self, places: Places) -> Snapshot:
        moment = int(self._ctx.clock.now() * 1e9)
        index = find_git_index(self._ctx.root)
        plugins = find_packages(self._pipeline.steps()).values()
        files = [*map(Path, places.files), *list_common_files(self._ctx), *plugins, *([index] if index else [])]
        roots = [self._ctx.root, _OWN_FILES, *plugins, *map(Path, places.sources)]
        return take_snapshot(roots, files, moment=moment)

    def _look_at_all(self, places: Places, sources: Snapshot) -> Snapshot:
        roots = map(Path, places.roots)
        exact = take_snapshot(roots, moment=sources.moment, ignored=frozenset(), folders=True)
        return Snapshot({**sources.files, **exact.files}, sources.moment)


def _describe(ctx: Context, pipeline: Pipeline, overrides: Overrides) -> str:
    settings = [(path, repr(setting.value)) for path, setting in ctx.settings.walk()]
    question = (
        (__version__, sys.version, str(ctx.root), ctx.env, overrides, settings),
        (list_variables(ctx.environ), list_tools(ctx), _describe_stages(pipeline)),
    )
    return hashlib.sha256(repr(question).encode("utf-8", "surrogateescape")).hexdigest()


def _has_changed(known: Snapshot, current: Snapshot) -> bool:
    """Tell whether one of these files is not as it is known; the known ones may be more."""
    return any(known.files.get(path, ())[:4] != state[:4] for path, state in current.files.items())


def _describe_stages(pipeline: Pipeline) -> list[Any]:
    """Return what the pipeline does, without the places at which it was written."""
    return [
        [_describe_stages(branch) for branch in stage.branches]
        if isinstance(stage, Parallel)
        else (stage.name, stage.definition.module, stage.definition.function.__qualname__, stage.arguments)
        for stage in pipeline.stages
    ]


def _is_repeatable(release: Release) -> bool:
    """Tell whether ``mix.exs`` has no steps of its own, whose work dray does not know."""
    steps = release.definition.steps if release.definition else ()
    return all(step in {"assemble", "tar"} for step in steps)


def _list_places(ctx: Context, release: Release) -> Places:
    from dray.core.contents import File  # noqa: PLC0415 - a build that is left out needs neither
    from dray.project.outside import list_outside  # noqa: PLC0415
    from dray.project.places import list_result_folders, list_source_places  # noqa: PLC0415

    project, definition, erts = release.project, release.definition, release.erts
    if project is None or definition is None or erts is None or release.tree is None:
        raise ValueError("a release that was built has facts")
    sources, files = list_source_places(ctx, project, list_outside(project))
    tops = [release.tree / top for top in {entry.path.partition("/")[0] for entry in release.contents}]
    roots = [
        *list_result_folders(project),
        *(app.path / part for app in release.applications for part in ("ebin", "priv", "include")),
        *(project.root / overlay for overlay in (_OVERLAYS, *definition.overlays)),
        erts.source / "bin",
        *tops,
    ]
    elixir = project.toolchain.elixir_bin
    files += [
        *tops,
        *filter(None, (definition.sys_config, definition.vm_args)),
        *(artifact.path for artifact in release.artifacts),
        *([elixir / "elixir", elixir / "iex"] if elixir else []),
        *erts.root.glob("bin/*.boot"),
        *erts.root.glob("releases/*/*.boot"),
    ]
    read = [item.path for item in release.inputs if not item.names_only]
    roots += read
    origins = [_origin(entry.source) for entry in release.contents if isinstance(entry, File)]
    below = tuple(f"{root}/" for root in roots)
    return Places(
        _sorted(sources),
        _sorted(roots),
        _sorted([*files, *read, *(origin for origin in origins if origin and not origin.startswith(below))]),
        _sorted([erts.lib, *(item.path for item in release.inputs if item.names_only)]),
    )


def _origin(source: Source) -> str | None:
    """Return the file from which the bytes of a source come."""
    if isinstance(source, bytes):
        return None
    return str(source) if isinstance(source, Path) else str(source.origin)


def _sorted(paths: Iterable[Path | str]) -> tuple[str, ...]:
    return tuple(sorted({str(path) for path in paths}))


def _list_names(places: Places) -> tuple[tuple[str, ...], ...]:
    names = []
    for folder in places.folders:
        try:
            names.append(tuple(sorted(os.listdir(folder))))  # noqa: PTH208 - names, not paths
        except OSError:
            names.append(("nothing",))
    return tuple(names)


def _load(file: Path) -> Record | None:
    """Return what is kept; None where nothing is, where it is damaged, or where another version of dray wrote it."""
    kept = read_sealed(file)
    if kept is None:
        return None
    try:
        stored = json.loads(kept)
        snapshot = stored["snapshot"]
        return Record(
            stored["question"],
            Places(*(tuple(part) for part in stored["places"])),
            stored["report"],
            tuple(stored["warnings"]),
            snapshot and Snapshot.from_json(snapshot),
            tuple(tuple(names) for names in stored["names"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _save(file: Path, record: Record) -> None:
    places, snapshot = record.places, record.snapshot
    stored = {
        "question": record.question,
        "places": [places.sources, places.roots, places.files, places.folders],
        "report": record.report,
        "warnings": record.warnings,
        "snapshot": snapshot and snapshot.to_json(),
        "names": record.names,
    }
    write_sealed(file, json.dumps(stored).encode())
