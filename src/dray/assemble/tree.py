"""The tree on disk: makes it equal to the manifest, writing only what differs.

New bytes are written aside first, all of them, and then moved into place: a full disk or an interruption leaves the
old tree, or one that the next build repairs. What dray wrote is remembered with the state that the file system gave
it (``dray.assemble.tree_index``), so that a file that someone else has touched is written again.

What is in the tree besides the manifest is removed where only a release's files can be (``bin``, ``lib``, the
runtime, ``releases/VERSION``); elsewhere it stays, since the running release may have made it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import stat
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dray.assemble.manifest import format_manifest, manifest_path
from dray.assemble.tree_index import State, Written, load_index, read_with_key, save_index, source_key, state_of
from dray.assemble.workers import map_parts
from dray.core.contents import Digest, Directory, File, Symlink
from dray.errors import StepError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from dray.core.contents import Entry
    from dray.core.release import Release

_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
_RUNTIME_FOLDERS = frozenset({"tmp"})
_SWITCH = "releases/start_erl.data"


@dataclass(frozen=True, slots=True)
class TreeChange:
    """What it took to make a tree equal to its manifest.

    Args:
        written: Files written, the manifest itself not counted.
        removed: Files removed.
        stale: Files that should be removed and were left for later.
    """

    written: int
    removed: int
    stale: int = 0


@dataclass(frozen=True, slots=True)
class _Job:
    """A file whose bytes must be looked at; ``known`` is what the tree holds, where that can be trusted."""

    file: File
    known: Written | None


@dataclass(frozen=True, slots=True)
class _Done:
    """A file whose bytes have been looked at.

    Args:
        written: What is known of it now.
        staged: Whether its bytes differ from those in the tree, and wait in the stage.
    """

    written: Written
    staged: bool


def sync_tree(release: Release, root: Path, index_file: Path, *, prune: bool = True) -> tuple[Release, TreeChange]:
    """Make a folder equal to a release's manifest.

    Args:
        release: The release. Its manifest file is made here, from the digests.
        root: The folder.
        index_file: Where it is remembered what was written.
        prune: Whether to remove what is no longer part of the release. While more steps are to come, it may be
            that one of them adds it again.

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
        return _sync(release, root, stage, index_file, prune=prune)
    except OSError as error:
        place = f": {error.filename}" if error.filename else ""
        raise StepError(
            f"the release cannot be written: {error.strerror or error}{place}",
            hint="the release in place is the old one; mend the cause and build again",
        ) from error
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _sync(release: Release, root: Path, stage: Path, index_file: Path, *, prune: bool) -> tuple[Release, TreeChange]:
    found = scan_tree(root)
    index = load_index(index_file, root)
    trusted = {path: item for path, item in index.items() if found.get(path) == item.state}
    now = time.time_ns()

    described = release.remove(manifest_path(release))
    files = [entry for entry in described.contents if isinstance(entry, File)]
    done = _look_at(files, trusted, stage, now)
    described = replace(described, digests=_digests(done), tree=root)
    manifest = File(manifest_path(release), format_manifest(described))
    done |= _look_at([manifest], trusted, stage, now)
    complete = replace(described.add(manifest), digests=_digests(done))

    stale = _list_stale(complete.contents, found, index)
    staged = [path for path, item in done.items() if item.staged]
    fresh = not found and not root.exists()
    _commit(stage, root, complete.contents, staged=staged, stale=stale if prune else [])
    kept = {} if prune else {path: index[path] for path in stale if path in index}
    remembered = {**kept, **_remember(root, done, moved=not fresh)}
    if remembered != index:
        save_index(index_file, root, remembered)
    written = sum(1 for path in staged if path != manifest.path)
    return complete, TreeChange(written, *((len(stale), 0) if prune else (0, len(stale))))


def _digests(done: Mapping[str, _Done]) -> dict[str, Digest]:
    return {path: item.written.digest for path, item in done.items()}


def _look_at(files: Iterable[File], trusted: Mapping[str, Written], stage: Path, now: int) -> dict[str, _Done]:
    """Return key and digest of every file; those that differ from the tree are written to the stage."""
    done: dict[str, _Done] = {}
    jobs: list[_Job] = []
    for file in files:
        known = trusted.get(file.path)
        if known is not None and known.state[4] != file.mode:
            known = None
        if known is not None and known.key == source_key(file.source, now):
            done[file.path] = _Done(known, staged=False)
        else:
            jobs.append(_Job(file, known))
    for folder in sorted({job.file.path.rpartition("/")[0] for job in jobs}):
        (stage / folder).mkdir(parents=True, exist_ok=True)
    for part in map_parts(lambda part: _stage_files(part, str(stage), now), jobs):
        for path, key, sha256, state, staged in part:
            done[path] = _Done(Written(key, Digest(state[0], sha256), state), staged)
    return done


def _stage_files(jobs: Iterable[_Job], stage: str, now: int) -> list[tuple[str, str, str, State, bool]]:
    """Return path, key, checksum, state and whether it was staged, for each file.

    Plain tuples: they may come from another process, and are cheaper to send than values of a class.
    """
    done = []
    for job in jobs:
        data, key = read_with_key(job.file.source, now)
        sha256 = hashlib.sha256(data).hexdigest()
        path, known = job.file.path, job.known
        if known is not None and known.digest.sha256 == sha256:
            done.append((path, key, sha256, known.state, False))
        else:
            done.append((path, key, sha256, _write_new(f"{stage}/{path}", data, job.file.mode), True))
    return done


def _write_new(path: str, data: bytes, mode: int) -> State:
    descriptor = os.open(path, _NEW_FILE, mode)
    try:
        done = os.write(descriptor, data)
        while done < len(data):
            done += os.write(descriptor, data[done:])
        state = state_of(os.fstat(descriptor))
        if state[4] != mode:
            os.fchmod(descriptor, mode)
            state = state_of(os.fstat(descriptor))
        return state
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
            if not _has_folder(f"{root}/{entry.path}", entry.mode):
                _make_folder(root, entry.path)
                (root / entry.path).chmod(entry.mode)
        elif isinstance(entry, Symlink):
            _make_folder(root, entry.path.rpartition("/")[0])
            _make_link(root / entry.path, entry.target)


def _has_folder(path: str, mode: int) -> bool:
    try:
        return os.lstat(path).st_mode == stat.S_IFDIR | mode
    except OSError:
        return False


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
        # What has been put there since, a folder for a file or a file for a folder, is part of the release.
        with contextlib.suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
            (root / path).unlink()
        parts = path.split("/")[:-1]
        folders |= {"/".join(parts[:depth]) for depth in range(1, len(parts) + 1)}
    for folder in sorted(folders - keep, key=len, reverse=True):
        if (root / folder).is_dir() and not any((root / folder).iterdir()):
            (root / folder).rmdir()


def _remember(root: Path, done: Mapping[str, _Done], *, moved: bool) -> dict[str, Written]:
    """Return what is known of all files; moving one into place has changed its state."""
    return {
        path: replace(item.written, state=state_of((root / path).lstat())) if moved and item.staged else item.written
        for path, item in done.items()
    }
