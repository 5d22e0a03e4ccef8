"""The step ``mix``: calls a function of the project's own Elixir code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dray.core.context import Context
from dray.core.release import Release
from dray.core.step import step
from dray.errors import ConfigError

if TYPE_CHECKING:
    from dray.assemble.external import Workplace

_FUNCTION = re.compile(r"(?:[A-Z]\w*\.)+[a-z_]\w*[?!]?\Z")


@step
def mix(release: Release, ctx: Context, function: str, *arguments: str, inputs: list[str] | None = None) -> Release:
    """Call a function of the project with a map that describes the release.

    The map has the keys of the JSON file that ``script`` gives to a program, as atoms, and ``add:``, the path of an
    empty folder: what the function writes there becomes part of the release. The function returns ``:ok``; anything
    else, and every exception, fails the build.

    Args:
        release: The release.
        ctx: The outside world.
        function: The function, such as ``"Shop.Release.write_manual"``.
        arguments: Strings that it gets after the map.
        inputs: Patterns of the files that it reads. Where they are given, it is called only if one of them or the
            release has changed; otherwise it is called in every build, which starts a BEAM.

    Returns:
        The release with the files that the function added.
    """
    if not _FUNCTION.match(function):
        raise ConfigError("mix: a function is named Module.function", got=function)

    from dray.assemble.external import run_outside
    from dray.project.mix_function import call_function

    def run(workplace: Workplace) -> None:
        call_function(ctx, function, arguments, workplace.environment)

    return run_outside(
        release, ctx, f"mix {function} {arguments}", run, inputs=inputs or (), command=(function, *arguments)
    )
