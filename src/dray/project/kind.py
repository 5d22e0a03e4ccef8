"""Which kind of project stands in a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dray.errors import ProjectError

if TYPE_CHECKING:
    from pathlib import Path


def find_project(root: Path) -> str:
    """Return the kind of project in a folder: ``mix`` or ``rebar3``.

    Raises:
        ProjectError: There is none.
    """
    for name, kind in (("mix.exs", "mix"), ("rebar.config", "rebar3")):
        if (root / name).is_file():
            return kind
    above = next((folder for folder in root.parents if (folder / "mix.exs").is_file()), None)
    raise ProjectError(
        f"there is no mix.exs and no rebar.config in {root}",
        hint=f"cd {above}" if above else "run dray in the folder of your project, or make one: mix new NAME",
    )
