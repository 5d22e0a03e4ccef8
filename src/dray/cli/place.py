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
_KINDS = "a release's folder, its tar, its package, its manifest.json, last, or a commit, tag or branch"


@contextlib.contextmanager
def open_place(place: str, env: str) -> Iterator[Path]:
    """Find a release, which lasts as long as the block.

    Args:
        place: What the user typed.
        env: The environment in which commits are built, and of which the last build is taken.

    Yields:
        The release's folder, its tar, its package or its manifest.

    Raises:
        UsageError: There is none.
        ToolError: The commit cannot be built.
        IntegrityError: The repository that the last build was published in is damaged.
    """
    if Path(place).exists():
        yield Path(place)
    elif place == _LAST:
        from dray.cli.last import open_last  # noqa: PLC0415 - a path needs none of it

        with open_last(env) as found:
            yield found
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
