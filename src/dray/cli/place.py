"""What the user means by a release: a path, ``last``, or a commit of git, which is built."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dray.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

_LAST = "last"
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
    if Path(place).exists():
        yield Path(place)
    elif place == _LAST:
        yield _find_last(Path.cwd() / "_build" / env)
    else:
        with _build_commit(place, env) as tree:
            yield tree


@contextlib.contextmanager
def _build_commit(name: str, env: str) -> Iterator[Path]:
    from dray.project.worktree import built_ref, is_ref  # noqa: PLC0415 - a path needs neither git nor programs
    from dray.shell import LocalShell  # noqa: PLC0415

    shell = LocalShell(lambda line: click.echo(line, err=True))
    if not is_ref(shell, Path.cwd(), name):
        raise UsageError(f"there is no release and no commit of git called {name}", hint=f"give {_KINDS}")
    click.echo(f"building {name} ...", err=True)
    with built_ref(shell, Path.cwd(), name, env=env) as tree:
        yield tree


def _find_last(folder: Path) -> Path:
    """Return the newest archive of another version than the one that stands in the build folder."""
    from dray.upgrade.bases import list_archives  # noqa: PLC0415 - a path needs none of it
    from dray.upgrade.rehearse import read_version  # noqa: PLC0415

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
