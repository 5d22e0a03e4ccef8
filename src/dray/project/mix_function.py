"""Calls functions of the project's own Elixir code: for the step ``mix``, and for ``steps:`` of ``mix.exs``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dray.core.term import Atom, Map, from_python
from dray.errors import ToolError
from dray.project.elixir import run_elixir

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dray.core.context import Context
    from dray.core.term import Term


def call_function(ctx: Context, function: str, arguments: tuple[str, ...], environment: Mapping[str, str]) -> None:
    """Call a function with the description of a release.

    Args:
        ctx: The outside world.
        function: ``Module.function``.
        arguments: What it gets after the description.
        environment: ``DRAY_RELEASE`` and ``DRAY_ADD``.

    Raises:
        ToolError: There is no such function, or it failed.
    """
    description = json.loads(Path(environment["DRAY_RELEASE"]).read_bytes())
    request: Term = (_as_elixir(description), [argument.encode() for argument in arguments])
    try:
        run_elixir(ctx, "function.exs", request, env={**environment, "DRAY_FUNCTION": function})
    except ToolError as error:
        raise ToolError(f"the function {function} failed", output=error.output) from error


def _as_elixir(value: Any) -> Term:
    """Return what JSON holds as Elixir would write it: maps with atoms as keys."""
    if isinstance(value, dict):
        return Map(tuple((Atom(key), _as_elixir(item)) for key, item in value.items()))
    if isinstance(value, list):
        return [_as_elixir(item) for item in value]
    return from_python(value)
