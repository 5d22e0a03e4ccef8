"""Mix projects: one start of the BEAM compiles the project and reports its facts.

The program is ``beam/facts.exs``, which runs inside Mix. What it reports are Mix's own terms; they become values in
``dray.project.mix_facts``.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from dray.beam.etf import encode
from dray.core.term import NIL, Atom
from dray.errors import ProjectError, ToolError

if TYPE_CHECKING:
    from dray.core.context import Context
    from dray.core.term import Term
    from dray.project.request import FactsRequest

FACTS_SCRIPT = Path(__file__).parent / "beam" / "facts.exs"
OLDEST_ELIXIR = (1, 14)


def run_mix(ctx: Context, request: FactsRequest) -> bytes:
    """Compile the project and return its facts in the external term format.

    Raises:
        ProjectError: Elixir is missing or too old.
        ToolError: The project does not compile; its own output says why.
    """
    require_elixir(ctx)
    question, answer = ctx.work / "request.etf", ctx.work / "reply.etf"
    question.write_bytes(encode(_request_term(ctx, request)))
    answer.unlink(missing_ok=True)
    try:
        ctx.shell.run(
            ("elixir", "-e", f'Code.eval_file("{FACTS_SCRIPT}")'),
            cwd=ctx.root,
            env={"MIX_ENV": ctx.env, "DRAY_REQUEST": str(question), "DRAY_REPLY": str(answer)},
        )
        return answer.read_bytes()
    except ToolError as error:
        raise ToolError(
            "the project does not compile; nothing was changed in the release",
            output=error.output,
            hint=f"try it alone: MIX_ENV={ctx.env} mix compile",
        ) from error
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
        raise ProjectError(
            f"dray needs Elixir {'.'.join(map(str, OLDEST_ELIXIR))} or newer", got=".".join(map(str, version))
        )


def read_elixir_version(ctx: Context) -> tuple[int, ...] | None:
    """Return Elixir's version without starting it: its launcher says it; None where it does not."""
    launcher = ctx.shell.which("elixir")
    try:
        text = launcher.resolve().read_text(encoding="utf-8", errors="replace") if launcher else ""
    except OSError:
        return None
    found = re.search(r"^ELIXIR_VERSION=(\d+)\.(\d+)", text, re.MULTILINE)
    return (int(found[1]), int(found[2])) if found else None


def _request_term(ctx: Context, request: FactsRequest) -> Term:
    overrides: list[Term] = []
    if request.version is not None:
        overrides.append((Atom("version"), request.version.encode()))
    if request.applications is not None:
        applications: list[Term] = [(Atom(name), Atom(mode)) for name, mode in request.applications]
        overrides.append((Atom("applications"), applications))
    release: Term = request.release.encode() if request.release else NIL
    return (release, overrides, [argument.encode() for argument in ctx.mix_arguments])
