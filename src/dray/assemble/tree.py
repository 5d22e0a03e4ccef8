"""The tree on disk: makes it equal to the manifest, writing only what differs.

New bytes are written aside first, all of them, and then moved into place: a full disk or an interruption leaves the
old tree, or one that the next build repairs. What dray wrote is remembered with the state that the file system gave
it (``dray.assemble.tree_index``), so that a file that someone else has touched is written again.

What is in the tree besides the manifest is removed where only a release's files can be (``bin``, ``lib``, the
runtime, ``releases/VERSION``); elsewhere it stays, since the running release may have made it.
"""

from __future__ import annotations

import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dray.assemble.content import digest_of, read_source
from dray.assemble.manifest import format_manifest, manifest_path
from dray.assemble.tree_index import State, Written, load_index, save_index, source_key, state_of
from dray.core.contents import Digest, Directory, File, Symlink
from dray.errors import StepError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from dray.core.contents import Entry
    from dray.core.release import Release

_WORKERS = 2
_WORTH_A_THREAD = 64
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
_RUNTIME_FOLDERS = frozenset({"tmp"})
_SWITCH = "releases/start_erl.data"


@dataclass(frozen=True, slots=True)
class TreeChange:
    """What it took to make a tree equal to its manifest: files written and files removed."""

    written: int
    removed: int


@dataclass(frozen=True, slots=True)
class _Job:
    """A file whose bytes must be looked at; ``known`` is what the tree holds, where that can be trusted."""

    file: File
    key: str
    known: Written | None


@dataclass(frozen=True, slots=True)
class _Done:
    """A file whose bytes have been looked at; ``staged`` where they differ from those in the tree."""

    key: str
    digest: Digest
    staged: bool


def sync_tree(release: Release, root: Path, index_file: Path) -> tuple[Release, TreeChange]:
    """Make a folder equal to a release's manifest.

    Args:
        release: The release. Its manifest file is made here, from the digests.
        root: The folder.
        index_file: Where it is remembered what was written.

    Returns:
        The release with all digests, and what was done.

    Raises:
        StepError: The tree cannot be written.
    """
    stage = root.with_name(f".{root.name}.new")
    try:
        shutil.rmtree(stage, ignore_errors=True)
        root.parent.mkdir(parents=True, exist_ok=True)
        index_file.parent.mkdir(parents=True, exist_ok=True)
        return _sync(release, root, stage, index_file)
    except OSError as error:
        place = f": {error.filename}" if error.filename else ""
        raise StepError(
            f"the release cannot be written: {error.strerror or error}{place}",
            hint="the release in place is the old one; mend the cause and build again",
        ) from error
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _sync(release: Release, root: Path, stage: Path, index_file: Path) -> tuple[Release, TreeChange]:
    found = scan_tree(root)
    index = load_index(index_file, root)
    trusted = {path: item for path, item in index.items() if found.get(path) == item.state}
    now = time.time_ns()

    files = [entry for entry in release.contents if isinstance(entry, File) and entry.path != manifest_path(release)]
    done = _look_at(files, trusted, stage, now)
    contents = tuple(
        replace(entry, digest=done[entry.path].digest) if isinstance(entry, File) else entry
        for entry in release.contents
        if entry.path != manifest_path(release)
    )
    complete = replace(release, contents=contents, tree=root)
    manifest = format_manifest(complete)
    manifest_file = File(manifest_path(release), manifest, digest=digest_of(manifest))
    done |= _look_at([manifest_file], trusted, stage, now)
    complete = complete.add(manifest_file)

    stale = _list_stale(complete.contents, found, index)
    staged = [path for path, item in done.items() if item.staged]
    _commit(stage, root, complete.contents, staged=staged, stale=stale)
    save_index(index_file, root, _remember(root, done, trusted))
    return complete, TreeChange(len(staged), len(stale))


def _look_at(files: Iterable[File], trusted: Mapping[str, Written], stage: Path, now: int) -> dict[str, _Done]:
    """Return key and digest of every file; those that differ from the tree are written to the stage."""
    done: dict[str, _Done] = {}
    jobs: list[_Job] = []
    for file in files:
        known = trusted.get(file.path)
        if known is not None and known.state[4] != file.mode:
            known = None
        key = source_key(file.source, now)
        if known is not None and known.key == key:
            done[file.path] = _Done(key, known.digest, staged=False)
        else:
            jobs.append(_Job(file, key, known))
    for folder in sorted({job.file.path.rpartition("/")[0] for job in jobs}):
        (stage / folder).mkdir(parents=True, exist_ok=True)
    if len(jobs) < _WORTH_A_THREAD:
        done.update(_stage_files(jobs, str(stage)))
    else:
        with ThreadPoolExecutor(_WORKERS) as pool:
            for part in pool.map(lambda first: _stage_files(jobs[first::_WORKERS], str(stage)), range(_WORKERS)):
                done.update(part)
    return done


def _stage_files(jobs: Iterable[_Job], stage: str) -> dict[str, _Done]:
    done = {}
    for job in jobs:
        data = read_source(job.file.source)
        digest = job.file.digest if isinstance(job.file.source, bytes) else None
        digest = digest or digest_of(data)
        staged = job.known is None or job.known.digest != digest
        if staged:
            _write_new(f"{stage}/{job.file.path}", data, job.file.mode)
        done[job.file.path] = _Done(job.key, digest, staged)
    return done


def _write_new(path: str, data: bytes, mode: int) -> None:
    descriptor = os.open(path, _NEW_FILE, mode)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fchmod(descriptor, mode)
    finally:
        os.close(descriptor)


def scan_tree(root: Path) -> dict[str, State]:
    """Return the states of all files and links below a folder, by their paths relative to it.

    What a running release keeps in ``tmp`` is left out.
    """
    states: dict[str, State] = {}
    _scan(str(root), "", states)
    return states


def _scan(folder: str, prefix: str, states: dict[str, State]) -> None:
    try:
        entries = os.scandir(folder)
    except FileNotFoundError:
        return
    with entries:
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False):
                states[prefix + entry.name] = state_of(entry.stat(follow_symlinks=False))
            elif prefix or entry.name not in _RUNTIME_FOLDERS:
                _scan(entry.path, f"{prefix}{entry.name}/", states)


def _list_stale(contents: tuple[Entry, ...], found: Mapping[str, State], index: Mapping[str, Written]) -> list[str]:
    """Return the paths of the tree that are not part of the release and are not somebody else's."""
    wanted = {entry.path for entry in contents}
    return sorted(path for path in found if path not in wanted and (path in index or is_owned(path)))


def is_owned(path: str) -> bool:
    """Tell whether only a release's own files can be at a path."""
    parts = path.split("/")
    top = parts[0]
    return len(parts) > 1 and (
        top in {"bin", "lib"} or top.startswith("erts-") or (top == "releases" and len(parts) > 2)
    )


def _commit(stage: Path, root: Path, contents: tuple[Entry, ...], *, staged: list[str], stale: list[str]) -> None:
    """Move what was staged into the tree; the file that names the version goes last."""
    if not root.exists():
        _make_directories_and_links(stage, contents)
        stage.rename(root)
        return
    folders = {path.rpartition("/")[0] for path in staged}
    for folder in sorted(folders):
        _make_folder(root, folder)
    for path in sorted(staged, key=lambda path: (path == _SWITCH, path)):
        target = root / path
        if target.is_dir() and not target.is_symlink():
            shutil.rmtree(target)
        (stage / path).replace(target)
    _make_directories_and_links(root, contents)
    _remove_stale(root, stale, contents)


def _make_folder(root: Path, folder: str) -> None:
    """Make a folder of the tree, in the place of a file where one is in the way."""
    at = root
    for part in folder.split("/") if folder else ():
        at /= part
        if at.is_symlink() or at.is_file():
            at.unlink()
        at.mkdir(exist_ok=True)


def _make_directories_and_links(root: Path, contents: tuple[Entry, ...]) -> None:
    for entry in contents:
        if isinstance(entry, Directory):
            _make_folder(root, entry.path)
            (root / entry.path).chmod(entry.mode)
        elif isinstance(entry, Symlink):
            _make_folder(root, entry.path.rpartition("/")[0])
            _make_link(root / entry.path, entry.target)


def _make_link(path: Path, target: str) -> None:
    if path.is_symlink() and str(path.readlink()) == target:
        return
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def _remove_stale(root: Path, stale: list[str], contents: tuple[Entry, ...]) -> None:
    """Remove files that are no longer part of the release, and the folders that they leave empty."""
    keep = {entry.path for entry in contents if isinstance(entry, Directory)}
    folders = set()
    for path in stale:
        (root / path).unlink(missing_ok=True)
        parts = path.split("/")[:-1]
        folders |= {"/".join(parts[:depth]) for depth in range(1, len(parts) + 1)}
    for folder in sorted(folders - keep, key=len, reverse=True):
        if not any(os.scandir(root / folder)):
            (root / folder).rmdir()


def _remember(root: Path, done: Mapping[str, _Done], trusted: Mapping[str, Written]) -> dict[str, Written]:
    return {
        path: Written(
            item.key,
            item.digest,
            state_of(os.lstat(root / path)) if item.staged else trusted[path].state,
        )
        for path, item in done.items()
    }
