"""Reads a project's facts, and starts no BEAM where the last ones are still right.

They are right as long as nothing that they depend on has changed: the project's files and those of its
dependencies, what was compiled from them, the environment variables, Elixir and OTP themselves, the commit, and the
question. What the last build saw of all this is kept beside the facts in dray's work folder.
"""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dray._version import __version__
from dray.disk import write_atomically
from dray.native.find import is_native_file
from dray.project.discard import (
    discard_code,
    discard_versions,
    discard_young,
    find_altered,
    find_damaged,
    find_unseen,
)
from dray.project.environment import list_variables
from dray.project.git import filter_ignored, is_git_file, read_commit
from dray.project.kind import find_project
from dray.project.mix_facts import parse_mix_facts
from dray.project.outside import list_outside
from dray.project.places import list_common_files, list_result_folders, list_source_places
from dray.project.snapshot import Snapshot, differences, take_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dray.core.context import Context
    from dray.core.project import Project
    from dray.project.request import FactsRequest


@dataclass(frozen=True, slots=True)
class StoredFacts:
    """The facts of the last build and what they depended on.

    Args:
        key: Stands for the question, the environment and the tools.
        sources: The project's files before it was compiled.
        results: What was compiled, afterwards.
        facts: The facts in the external term format.
        outside: Files and folders elsewhere that were compiled in; their states are among the sources.
    """

    key: str
    sources: Snapshot
    results: Snapshot
    facts: bytes
    outside: tuple[Path, ...] = ()


def read_project(ctx: Context, request: FactsRequest, *, meanwhile: Callable[[], None] | None = None) -> Project:
    """Return the project's facts, compiling it first where anything has changed.

    Args:
        ctx: The outside world.
        request: The release that the facts are for.
        meanwhile: Called while the BEAM works; preparations that a build without changes need not make.

    Raises:
        ProjectError: There is no project, or it cannot be released.
        ToolError: It does not compile.
    """
    kind = find_project(ctx.root)
    moment = int(ctx.clock.now() * 1e9)
    key = _make_key(ctx, request)
    stored = _load(ctx, _file_name(request))
    known = stored or next((other for _, other in _load_all(ctx)), None)
    if known is not None and not ctx.mix_arguments:
        project = _parse(kind, known.facts, ctx)
        if not _discard_unsafe(known, project, ctx, moment) and known is stored and known.key == key:
            ctx.console.result("nothing to compile")
            return replace(project, commit=read_commit(ctx.shell, ctx.root))
    return _refresh(ctx, kind, request, key, meanwhile, known=known is not None)


def _discard_unsafe(stored: StoredFacts, project: Project, ctx: Context, moment: int) -> bool:
    """Tell whether anything has changed; what was compiled of changes that the compiler cannot see is removed."""
    sources = _take_sources(ctx, project, moment, stored.outside)
    changed = differences(stored.sources, sources)
    if any(map(is_git_file, changed)):
        discard_versions(project)
    results = _take_results(project, moment)
    if changed:
        damaged = find_altered(project, find_damaged(stored.results, results))
        unseen = find_unseen(project, stored.sources, sources, compiled=stored.results.moment)
        discard_code(project, (*damaged, *unseen))
        return True
    altered = differences(stored.results, results)
    discard_code(project, find_altered(project, altered))
    return bool(altered)


def _parse(kind: str, facts: bytes, ctx: Context) -> Project:
    if kind == "mix":
        return parse_mix_facts(facts)
    from dray.project.rebar3_facts import parse_rebar3_facts  # noqa: PLC0415 - a Mix project needs none of it

    return parse_rebar3_facts(facts, ctx.env)


def _run(kind: str, ctx: Context, request: FactsRequest) -> bytes:
    """Compile the project and return its facts; what does so is loaded only where there is something to compile."""
    if kind == "mix":
        from dray.project.mix import run_mix  # noqa: PLC0415
        from dray.project.packages import add_package_facts  # noqa: PLC0415

        return add_package_facts(run_mix(ctx, request))
    from dray.project.rebar3 import run_rebar3  # noqa: PLC0415

    return run_rebar3(ctx)


def _refresh(
    ctx: Context, kind: str, request: FactsRequest, key: str, meanwhile: Callable[[], None] | None, *, known: bool
) -> Project:
    moment = int(ctx.clock.now() * 1e9)
    before = _take_sources(ctx, None, moment)
    if not known:
        discard_young(ctx.work.parent, before, packages=ctx.root / "deps")
    if meanwhile is not None:
        threading.Thread(target=meanwhile, daemon=True).start()
    ctx.console.progress("compiling")
    facts = _run(kind, ctx, request)
    project = _parse(kind, facts, ctx)
    outside = list_outside(project)
    after = _take_sources(ctx, project, moment, outside)
    sources = _without_side_effects(ctx, before, after, {str(path) for path in outside})
    results = _take_results(project, int(ctx.clock.now() * 1e9))
    _save(ctx, _file_name(request), StoredFacts(key, sources, results.settle(results), facts, outside))
    ctx.console.result("compiled")
    return replace(project, commit=read_commit(ctx.shell, ctx.root))


def _without_side_effects(ctx: Context, before: Snapshot, after: Snapshot, named: set[str]) -> Snapshot:
    """Return the state of the sources that the facts belong to.

    It is the state before compiling: what the user has changed meanwhile must count as a change the next time.
    Only files that were not looked at before (dependencies outside the project) and files that nobody writes by hand
    (machine code, and what git ignores, such as generated parsers) are taken as they are now.
    """
    changed = differences(before, after)
    outside = {path for path in changed if path in named or not path.startswith(f"{ctx.root}/")}
    native = {path for path in changed if path not in outside and is_native_file(Path(path))}
    rest = [path for path in changed if path not in outside and path not in native]
    made = filter_ignored(ctx.shell, ctx.root, rest)
    return before.update(after, (*outside, *native, *made)).settle(after)


def accept_made_files(ctx: Context, project: Project, folder: Path) -> None:
    """Take files that a step has made for part of what the last facts belong to, so that they are no change.

    Args:
        ctx: The outside world.
        project: The facts.
        folder: Where the step has made files. Those that git ignores are accepted everywhere.
    """
    for name, stored in _load_all(ctx):
        current = _take_sources(ctx, project, int(ctx.clock.now() * 1e9), stored.outside)
        changed = [path for path in differences(stored.sources, current) if path.startswith(f"{ctx.root}/")]
        made = {path for path in changed if path.startswith(f"{folder}/")}
        made |= set(filter_ignored(ctx.shell, ctx.root, [path for path in changed if path not in made]))
        _save(ctx, name, replace(stored, sources=stored.sources.update(current, made).settle(current)))


def _take_sources(ctx: Context, project: Project | None, moment: int, outside: tuple[Path, ...] = ()) -> Snapshot:
    roots, files = [ctx.root, *outside], [*outside, *list_common_files(ctx)]
    if project is not None:
        more_roots, more_files = list_source_places(ctx, project, outside)
        roots, files = [*roots, *more_roots], [*files, *more_files]
    return take_snapshot(roots, files, moment=moment)


def _take_results(project: Project, moment: int) -> Snapshot:
    return take_snapshot(list_result_folders(project), moment=moment, follow=False)


def _make_key(ctx: Context, request: FactsRequest) -> str:
    question = [ctx.env, repr(request), list_variables(ctx.environ)]
    return hashlib.sha256(json.dumps(question).encode()).hexdigest()


def _load(ctx: Context, name: str) -> StoredFacts | None:
    """Return the facts of the last build; None where there are none, or they are damaged or those of a copy."""
    work = ctx.work
    try:
        index = json.loads((work / f"{name}.json").read_bytes())
        facts = (work / f"{name}.etf").read_bytes()
        if index["for"] != _origin(ctx) or hashlib.sha256(facts).hexdigest() != index["facts"]:
            return None
        sources, results = (Snapshot.from_json(index[name]) for name in ("sources", "results"))
        return StoredFacts(index["key"], sources, results, facts, tuple(map(Path, index["outside"])))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _load_all(ctx: Context) -> Iterator[tuple[str, StoredFacts]]:
    """Yield the facts for each release with the name of their file, the newest first.

    All of them tell what was compiled of which sources.
    """
    files = sorted(ctx.work.glob("facts-*.json"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for file in files:
        stored = _load(ctx, file.stem)
        if stored is not None:
            yield file.stem, stored


def _origin(ctx: Context) -> list[str]:
    return [__version__, str(ctx.root)]


def _save(ctx: Context, name: str, stored: StoredFacts) -> None:
    """Keep the facts for the next build."""
    index: dict[str, object] = {
        "for": _origin(ctx),
        "key": stored.key,
        "facts": hashlib.sha256(stored.facts).hexdigest(),
        "sources": stored.sources.to_json(),
        "results": stored.results.to_json(),
        "outside": [str(path) for path in stored.outside],
    }
    write_atomically(ctx.work / f"{name}.etf", stored.facts)
    write_atomically(ctx.work / f"{name}.json", json.dumps(index).encode())


def _file_name(request: FactsRequest) -> str:
    """Return where the answer to a question is kept: one file for each release, whatever its version is."""
    return f"facts-{request.release or 'default'}"
