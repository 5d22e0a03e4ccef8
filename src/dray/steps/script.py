"""The step ``script``: runs a program of the project's, in any language."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dray.core.context import Context
from dray.core.release import Release
from dray.core.secret import Secret
from dray.core.step import step
from dray.errors import StepError

if TYPE_CHECKING:
    from dray.assemble.external import Workplace


@step
def script(
    release: Release,
    ctx: Context,
    path: str,
    *arguments: str,
    env: dict[str, str | Secret] | None = None,
    inputs: list[str] | None = None,
) -> Release:
    """Run an executable in the project's folder.

    It finds the release as JSON in the file that ``DRAY_RELEASE`` names; what it puts into the folder that
    ``DRAY_ADD`` names becomes part of the release.

    Args:
        release: The release.
        ctx: The outside world.
        path: The executable, relative to the project.
        arguments: What it is called with.
        env: Environment variables to set; values may be secrets.
        inputs: Patterns of the files that it reads. Where they are given, it runs only if one of them or the
            release has changed; otherwise it runs in every build.

    Returns:
        The release with the files that the program added.
    """
    from dray.assemble.external import run_outside

    program = ctx.root / path
    if not program.is_file():
        raise StepError(f"script: there is no file {path}")
    if not os.access(program, os.X_OK):
        raise StepError(f"script: {path} is not executable", hint=f"chmod +x {path}")

    def run(workplace: Workplace) -> None:
        variables = {name: ctx.reveal(value) for name, value in (env or {}).items()}
        ctx.shell.run((str(program), *arguments), cwd=ctx.root, env={**variables, **workplace.environment})

    command = (path, *arguments)
    return run_outside(
        release, ctx, f"script {command}", run, inputs=(*inputs, path) if inputs else (), command=command
    )
