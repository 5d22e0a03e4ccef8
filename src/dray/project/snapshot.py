"""Has anything changed? Snapshots of files, compared as git compares its index.

A file counts as unchanged where size, modification time, change time and inode are the same. Clocks are coarse: a
file that was changed just before the snapshot may change again without a trace. For such files the content is
part of the snapshot, too.
"""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

IGNORED_FOLDERS = frozenset({"_build", ".git", "node_modules", "__pycache__", ".elixir_ls", ".lexical", ".expert"})
"""Folders that hold no source: results, caches, and packages whose lock file stands for them."""

_LOCKS_OF_IGNORED = {"node_modules": ".package-lock.json"}
_COARSE_CLOCK_NS = 2_000_000_000

State = tuple[int, int, int, int, str]
"""Size, modification time, change time (both in ns), inode; content where the times cannot be trusted."""

_FOLDER: State = (0, 0, 0, 0, "")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The states of files at one moment.

    Args:
        files: Path and state.
        moment: When it was taken, in nanoseconds since 1970.
    """

    files: Mapping[str, State]
    moment: int

    @classmethod
    def from_json(cls, value: Any) -> Snapshot:
        """Return the snapshot that ``to_json`` has described.

        Raises:
            TypeError, ValueError, AttributeError: It is something else.
        """
        moment, files = value
        return cls({path: (*state,) for path, state in files.items()}, moment)

    def to_json(self) -> list[Any]:
        """Return the snapshot as JSON can hold it."""
        return [self.moment, self.files]

    def settle(self, current: Snapshot) -> Snapshot:
        """Return the snapshot with the content of every file that changed shortly before it.

        Args:
            current: The same files now, where some time has passed. A file that has changed meanwhile gets no
                content, so that it never counts as unchanged.
        """
        limit = self.moment - _COARSE_CLOCK_NS
        settled = dict(self.files)
        for path, state in self.files.items():
            if max(state[1], state[2]) >= limit:
                same = current.files.get(path, ())[:4] == state[:4]
                settled[path] = (*state[:4], read_content_key(path) if same else "changed")
        return Snapshot(settled, self.moment)

    def update(self, newer: Snapshot, paths: Iterable[str]) -> Snapshot:
        """Return the snapshot with the states of ``paths`` taken from a newer one."""
        files = dict(self.files)
        for path in paths:
            if path in newer.files:
                files[path] = newer.files[path]
            else:
                files.pop(path, None)
        return Snapshot(files, self.moment)


def differences(recorded: Snapshot, current: Snapshot) -> list[str]:
    """Return the paths that are not what they were, sorted; files added and removed count."""
    before, now = recorded.files, current.files
    changed = [path for path in now if path not in before]
    for path, state in before.items():
        found = now.get(path)
        if found is None or found[:4] != state[:4] or (state[4] and read_content_key(path) != state[4]):
            changed.append(path)
    return sorted(changed)


def read_content_key(path: str) -> str:
    """Return what stands for a file's content; empty where it cannot be read."""
    try:
        place = Path(path)
        if place.is_symlink():
            return f"link:{place.readlink()}"
        if not place.is_file():  # whoever opens a pipe waits until somebody writes
            return "special"
        with place.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return "unreadable"


def take_snapshot(
    roots: Iterable[Path],
    files: Iterable[Path] = (),
    *,
    moment: int,
    follow: bool = True,
    ignored: frozenset[str] = IGNORED_FOLDERS,
    folders: bool = False,
) -> Snapshot:
    """Return the states of all files below some folders, and of some single files.

    Args:
        roots: Folders. One that does not exist is empty.
        files: Single files; one that does not exist, and a folder, is left out.
        moment: The time, in nanoseconds since 1970.
        follow: Whether to look at what symbolic links lead to, too.
        ignored: Names of folders that are left out below the roots.
        folders: Whether folders count, too; a slash ends their paths.
    """
    scan = _Scan(ignored, folders=folders)
    for root in roots:
        scan.add_folder(str(root))
    for file in files:
        scan.add_file(str(file))
    if follow:
        scan.follow_links()
    return Snapshot(scan.states, moment)


class _Scan:
    """The states found so far, and the links that lead on from there."""

    def __init__(self, ignored: frozenset[str], *, folders: bool) -> None:
        self.states: dict[str, State] = {}
        self._links: list[str] = []
        self._ignored = ignored
        self._folders = folders

    def add_file(self, path: str) -> None:
        try:
            found = os.lstat(path)
        except OSError:
            return
        if stat.S_ISLNK(found.st_mode):
            self._links.append(path)
        if stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode):
            self.states[path] = state_of(found)

    def add_folder(self, folder: str) -> None:
        try:
            entries = os.scandir(folder)
        except OSError:
            return
        if self._folders:
            self.states[f"{folder}/"] = _FOLDER
        with entries:
            for entry in entries:
                if not entry.is_dir(follow_symlinks=False):
                    self._add_entry(entry)
                elif entry.name not in self._ignored:
                    self.add_folder(entry.path)
                elif entry.name in _LOCKS_OF_IGNORED:
                    self.add_file(f"{entry.path}/{_LOCKS_OF_IGNORED[entry.name]}")

    def _add_entry(self, entry: os.DirEntry[str]) -> None:
        found = entry.stat(follow_symlinks=False)
        if not stat.S_ISSOCK(found.st_mode):
            self.states[entry.path] = state_of(found)
        if stat.S_ISLNK(found.st_mode) and entry.name not in self._ignored:
            self._links.append(entry.path)

    def follow_links(self) -> None:
        """Add what links lead to, each place once: links may lead in a circle, and to what was looked at already."""
        visited: set[str] = set()
        while self._links:
            link = self._links.pop()
            place = os.path.realpath(link)
            if place in visited or f"{link}/".startswith(f"{place}/"):
                continue
            visited.add(place)
            if Path(place).is_dir():
                self.add_folder(place)
            elif place not in self.states:
                self.add_file(place)


def state_of(found: os.stat_result) -> State:
    """Return the state that the file system reports."""
    return (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, "")
