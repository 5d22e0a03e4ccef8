"""Runs dray's small Elixir scripts inside the Mix of a project.

The scripts are in ``beam/``. They are evaluated, not compiled, and talk to dray through files in the external term
format: a request, and a reply.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dray.beam.etf import encode
from dray.errors import ProjectError
from dray.project.program import EVALUATE, REPLY, REQUEST, script_variables

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dray.core.context import Context
    from dray.core.term import Term

OLDEST_ELIXIR = (1, 14)


def run_elixir(
    ctx: Context, script: str, request: Term, *, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> bytes:
    """Run a script and return its reply, which is empty where it gives none.

    Args:
        ctx: The outside world.
        script: Its name in ``beam/``.
        request: What it reads.
        env: Further environment variables.
        cwd: The Mix project to run it in; by default the whole project.

    Raises:
        ProjectError: Elixir is missing or too old.
        ToolError: The script, or Mix, failed; the error holds what was printed.
    """
    require_elixir(ctx)
    question, answer = ctx.work / REQUEST, ctx.work / REPLY
    question.write_bytes(encode(request))
    answer.unlink(missing_ok=True)
    variables = {**(env or {}), **script_variables(script, str(ctx.work), ctx.env)}
    try:
        ctx.shell.run(EVALUATE, cwd=cwd or ctx.root, env=variables)
        return answer.read_bytes() if answer.exists() else b""
    finally:
        question.unlink(missing_ok=True)
        answer.unlink(missing_ok=True)


def require_elixir(ctx: Context) -> None:
    """Raise ProjectError unless an Elixir that dray knows is in ``PATH``."""
    if ctx.shell.which("elixir") is None:
        raise ProjectError(
            "Elixir is missing: there is no program elixir in PATH",
            hint="install it (Debian: apt install elixir), then try again; dray doctor checks the rest",
        )
    version = read_elixir_version(ctx)
    if version is not None and version < OLDEST_ELIXIR:
        wanted = ".".join(map(str, OLDEST_ELIXIR))
        raise ProjectError(f"dray needs Elixir {wanted} or newer", got=".".join(map(str, version)))


def read_elixir_version(ctx: Context) -> tuple[int, ...] | None:
    """Return Elixir's version without starting it: its launcher says it; None where it does not."""
    launcher = ctx.shell.which("elixir")
    try:
        text = launcher.resolve().read_text(encoding="utf-8", errors="replace") if launcher else ""
    except OSError:
        return None
    found = re.search(r"^ELIXIR_VERSION=(\d+)\.(\d+)", text, re.MULTILINE)
    return (int(found[1]), int(found[2])) if found else None
