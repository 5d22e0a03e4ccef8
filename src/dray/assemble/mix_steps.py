"""The functions among ``steps:`` of ``mix.exs``: run on a ``%Mix.Release{}``, as ``mix release`` runs them.

Those before ``:assemble`` change how the release is built, those after it change the tree on disk. dray takes over
both: the options and boot scripts that they leave in the struct, and the files that they wrote.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dray.assemble.facts import facts_of
from dray.assemble.tree import scan_tree
from dray.assemble.tree_index import load_index
from dray.beam.etf import decode, encode
from dray.core.contents import Entry, File, Symlink, normalise_mode
from dray.core.term import Atom
from dray.errors import ProjectError, ToolError
from dray.project.elixir import run_elixir
from dray.project.mix_facts import parse_definition

if TYPE_CHECKING:
    from pathlib import Path

    from dray.core.context import Context
    from dray.core.project import ReleaseDefinition
    from dray.core.release import Release
    from dray.core.term import Term

_ATOMS = ("assemble", "tar")


def validate_steps(definition: ReleaseDefinition) -> None:
    """Raise ProjectError where ``steps:`` breaks a rule of ``mix release``."""
    steps = definition.steps
    if steps.count("assemble") != 1:
        raise ProjectError(f"releases: {definition.name}: steps: holds :assemble once", got=_show(steps))
    if steps.count("tar") > 1:
        raise ProjectError(f"releases: {definition.name}: steps: holds :tar at most once", got=_show(steps))
    if "tar" in steps and steps.index("tar") < steps.index("assemble"):
        raise ProjectError(f"releases: {definition.name}: steps: has :tar after :assemble", got=_show(steps))
    for step in steps:
        if step.startswith(":"):
            raise ProjectError(f"releases: {definition.name}: steps: holds functions, :assemble and :tar", got=step)


def functions_before(definition: ReleaseDefinition) -> tuple[int, ...]:
    """Return the places of the functions that run before ``:assemble``."""
    at = definition.steps.index("assemble")
    return tuple(index for index, step in enumerate(definition.steps) if index < at and step not in _ATOMS)


def functions_after(definition: ReleaseDefinition) -> tuple[int, ...]:
    """Return the places of the functions that run after ``:assemble``."""
    at = definition.steps.index("assemble")
    return tuple(index for index, step in enumerate(definition.steps) if index > at and step not in _ATOMS)


def run_before(release: Release, tree: Path, ctx: Context) -> Release:
    """Return the release as the functions before ``:assemble`` want it built.

    Raises:
        ToolError: A function failed.
    """
    _, definition = facts_of(release)
    indexes = functions_before(definition)
    if not indexes:
        return release
    reply = _run(release, tree, indexes, ctx)
    changed = parse_definition(Atom(definition.name), reply["options"])
    kept = replace(
        changed,
        version=definition.version,
        applications=definition.applications,
        include_erts=definition.include_erts,
        include_executables_for=definition.include_executables_for,
        path=definition.path,
        steps=definition.steps,
        sets_cookie=definition.sets_cookie,
        providers=encode(reply["providers"]),
        boot_scripts=_parse_boot_scripts(reply["boot_scripts"]),
    )
    return replace(release, definition=kept)


def run_after(release: Release, tree: Path, index_file: Path, ctx: Context) -> Release:
    """Return the release with what the functions after ``:assemble`` did to the tree.

    Args:
        release: Assembled.
        tree: Where it stands on disk, equal to the release.
        index_file: What dray has written there.
        ctx: The outside world.

    Raises:
        ToolError: A function failed.
    """
    _, definition = facts_of(release)
    reply = _run(release, tree, functions_after(definition), ctx)
    overlays = {item.decode("utf-8", "surrogateescape") for item in reply["overlays"] if isinstance(item, bytes)}
    written = load_index(index_file, tree)
    found = scan_tree(tree)
    known = {entry.path for entry in release.contents}
    changed: list[Entry] = []
    for path, state in found.items():
        item = written.get(path)
        touched = item is not None and item.state != state
        if touched or (path not in known and (path in overlays or not _is_runtime(path))):
            changed.append(_entry(tree, path))
    gone = [path for path in written if path not in found]
    ctx.console.result(f"{len(changed) + len(gone)} changed by steps: of mix.exs")
    return release.remove(*gone).add(*changed)


def _is_runtime(path: str) -> bool:
    return path.startswith(("tmp/", "log/")) or path in {"releases/COOKIE", "erl_crash.dump"}


def _entry(tree: Path, path: str) -> Entry:
    place = tree / path
    if place.is_symlink():
        return Symlink(path, str(place.readlink()))
    return File(path, place.read_bytes(), normalise_mode(place.stat().st_mode))


def _run(release: Release, tree: Path, indexes: tuple[int, ...], ctx: Context) -> dict[str, Any]:
    _, definition = facts_of(release)
    applications: list[Term] = [(Atom(name), Atom(mode)) for name, mode in definition.applications]
    options: list[Term] = [(Atom("version"), release.version.encode())]
    options += [(Atom("applications"), applications)] if applications else []
    request: Term = (release.name.encode(), options, str(tree).encode(), list(indexes))
    shown = ", ".join(definition.steps[index] for index in indexes)
    ctx.console.progress(f"steps of mix.exs: {shown}")
    try:
        reply: Any = decode(run_elixir(ctx, "steps.exs", request))
    except ToolError as error:
        raise ToolError(f"a step of mix.exs failed: {shown}", output=error.output) from error
    return {str(key): value for key, value in reply.pairs}


def _parse_boot_scripts(term: Any) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    return tuple(
        (str(name), tuple((str(app), str(mode)) for app, mode in applications)) for name, applications in term
    )


def _show(steps: tuple[str, ...]) -> str:
    return "[" + ", ".join(f":{step}" if step in _ATOMS else step for step in steps) + "]"
