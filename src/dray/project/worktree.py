"""Builds another commit of the project, in a worktree of git's that is gone afterwards.

Dependencies are those in the project's ``deps``; where a commit locks other versions, Mix says so and nothing is
compared.
"""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from dray.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dray.core.context import Shell


def is_ref(shell: Shell, root: Path, name: str) -> bool:
    """Tell whether git knows a commit by this name."""
    if name.startswith("-") or shell.which("git") is None:
        return False
    asked = ("git", "rev-parse", "--quiet", "--verify", f"{name}^{{commit}}")
    return shell.run(asked, cwd=root, capture=True, check=False).status == 0


@contextlib.contextmanager
def built_ref(shell: Shell, root: Path, name: str, *, env: str | None = None) -> Iterator[Path]:
    """Build the release of a commit, which lasts as long as the block.

    Args:
        shell: Starts git and dray.
        root: The project.
        name: The commit, tag or branch.
        env: The environment; by default ``MIX_ENV``, else ``prod``.

    Yields:
        The release's tree.

    Raises:
        ToolError: The commit cannot be built.
    """
    top = Path(shell.run(("git", "rev-parse", "--show-toplevel"), cwd=root, capture=True).output.strip())
    with tempfile.TemporaryDirectory(prefix="dray-ref-") as folder:
        copy = Path(folder, "worktree")
        shell.run(("git", "worktree", "add", "--quiet", "--detach", str(copy), name), cwd=root, capture=True)
        try:
            yield _build(shell, root, copy / root.resolve().relative_to(top.resolve()), name, env)
        finally:
            shell.run(("git", "worktree", "remove", "--force", str(copy)), cwd=root, capture=True, check=False)


def _build(shell: Shell, root: Path, project: Path, name: str, env: str | None) -> Path:
    variables = {"MIX_BUILD_PATH": str(project / "_build" / "dray")}
    if (root / "deps").is_dir():
        variables["MIX_DEPS_PATH"] = str(root / "deps")
    options = ("--env", env) if env else ()
    command = (sys.executable, "-m", "dray", "build", "--quiet", "--json", *options)
    try:
        built = shell.run(command, cwd=project, env=variables, capture=True)
    except ToolError as error:
        raise ToolError(f"{name} cannot be built", output=error.output) from error
    return Path(json.loads(built.output)["release"]["path"])
