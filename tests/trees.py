"""Compares trees: what is on disk, byte by byte, and what a build from nothing would have made."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from tests.harness import build

if TYPE_CHECKING:
    from collections.abc import Mapping

Tree = dict[str, tuple[str, int, bytes]]
"""Kind, mode and bytes (of a link: where it points) by path; folders count where they are empty."""


def read_tree(root: Path) -> Tree:
    """Return everything below a folder."""
    found: Tree = {}
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(folder, name)
            state = path.lstat()
            key, mode = str(path.relative_to(root)), state.st_mode & 0o7777
            if stat.S_ISLNK(state.st_mode):
                found[key] = ("link", 0, str(path.readlink()).encode())
            elif stat.S_ISREG(state.st_mode):
                found[key] = ("file", mode, path.read_bytes())
            elif not any(path.iterdir()):
                found[key] = ("folder", 0, b"")
    return found


def assert_same_tree(one: Tree, other: Tree) -> None:
    """Fail with the paths that differ, not with their bytes."""
    only = sorted(one.keys() ^ other.keys())
    differ = sorted(path for path in one.keys() & other.keys() if one[path] != other[path])
    assert not only, f"only in one of the trees: {only}"
    assert not differ, f"not the same in both trees: {differ}"


def build_afresh(workspace: Path, project: str, tree: str, *arguments: str, env: Mapping[str, str]) -> Tree:
    """Return the tree that a build from nothing makes, in the same place: an absolute path may be compiled in.

    Args:
        workspace: The project and all that lies beside it. It is moved away for the moment, and back.
        project: The project's folder in it.
        tree: The tree's folder in the project.
        arguments: For ``dray build``.
        env: Further environment variables.
    """
    aside = workspace.with_name(f".{workspace.name}.aside")
    workspace.rename(aside)
    try:
        shutil.copytree(aside, workspace, ignore=shutil.ignore_patterns("_build"), symlinks=True)
        build(workspace / project, *arguments, env=env)
        return read_tree(workspace / project / tree)
    finally:
        shutil.rmtree(workspace, ignore_errors=True)
        aside.rename(workspace)
