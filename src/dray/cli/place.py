"""What the user means by a release: a path, ``last``, or a commit of git, which is built."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dray.errors import UsageError
from dray.project.worktree import built_ref, is_ref
from dray.shell import LocalShell
from dray.upgrade.bases import LAST, list_archives
from dray.upgrade.rehearse import read_version

if TYPE_CHECKING:
    from collections.abc import Iterator

_KINDS = "a release's folder, its tar, its manifest.json, last, or a commit, tag or branch"


@contextlib.contextmanager
def open_place(place: str, env: str) -> Iterator[Path]:
    """Find a release, which lasts as long as the block.

    Args:
        place: What the user typed.
        env: The environment in which commits are built, and of which the last archive is taken.

    Yields:
        The release's folder, its tar or its manifest.

    Raises:
        UsageError: There is none.
        ToolError: The commit cannot be built.
    """
    root = Path.cwd()
    shell = LocalShell(lambda line: click.echo(line, err=True))
    if Path(place).exists():
        yield Path(place)
    elif place == LAST:
        yield _find_last(root / "_build" / env)
    elif is_ref(shell, root, place):
        click.echo(f"building {place} ...", err=True)
        with built_ref(shell, root, place, env=env) as tree:
            yield tree
    else:
        raise UsageError(f"there is no release and no commit of git called {place}", hint=f"give {_KINDS}")


def _find_last(folder: Path) -> Path:
    """Return the newest archive of another version than the one that stands in the build folder."""
    trees = sorted(path.parent.parent for path in folder.glob("rel/*/releases/start_erl.data"))
    if len(trees) != 1:
        built = ", ".join(tree.name for tree in trees) or "none"
        raise UsageError(f"last is the last archive of the one release that is built here; built: {built}")
    (tree,) = trees
    archives = list_archives(folder, tree.name, read_version(tree))
    if not archives:
        raise UsageError(
            f"{folder} has no archive of {tree.name} of another version than {read_version(tree)}",
            hint="keep archives of earlier versions there, or give the path of one",
        )
    return archives[0]
