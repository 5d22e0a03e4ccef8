"""Mix projects: one start of the BEAM compiles the project and reports its facts.

The program is ``beam/facts.exs``, which runs inside Mix. What it reports are Mix's own terms; they become values in
``dray.project.mix_facts``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dray.core.term import NIL, Atom
from dray.errors import ToolError
from dray.project.elixir import run_elixir
from dray.project.program import FACTS

if TYPE_CHECKING:
    from dray.core.context import Context
    from dray.core.term import Term
    from dray.project.request import FactsRequest


def run_mix(ctx: Context, request: FactsRequest) -> bytes:
    """Compile the project and return its facts in the external term format.

    Raises:
        ProjectError: Elixir is missing or too old.
        ToolError: The project does not compile; its own output says why.
    """
    try:
        return run_elixir(ctx, FACTS, _request_term(ctx, request))
    except ToolError as error:
        raise ToolError(
            "the project does not compile; the release in place was not touched",
            output=error.output,
            hint=f"try it alone: MIX_ENV={ctx.env} mix compile",
        ) from error


def _request_term(ctx: Context, request: FactsRequest) -> Term:
    release: Term = request.release.encode() if request.release else NIL
    return (release, overrides_term(request), [argument.encode() for argument in ctx.mix_arguments])


def overrides_term(request: FactsRequest) -> Term:
    """Return what dray's configuration says of a release as options of ``mix release``."""
    overrides: list[Term] = []
    if request.version is not None:
        overrides.append((Atom("version"), request.version.encode()))
    if request.applications is not None:
        applications: list[Term] = [(Atom(name), Atom(mode)) for name, mode in request.applications]
        overrides.append((Atom("applications"), applications))
    return overrides
