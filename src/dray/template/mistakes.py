"""What is wrong with a template of the user's, and where: the errors of Jinja2 with file, line and a way out."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2

from dray.errors import Location, StepError

if TYPE_CHECKING:
    from collections.abc import Iterable

MISTAKES = (jinja2.TemplateError, RecursionError)
"""What rendering a template raises because of the template."""


def explain_mistake(error: Exception, template: str, folders: Iterable[Path], names: tuple[str, ...]) -> StepError:
    """Return a mistake as an error that names the user's line.

    Args:
        error: What Jinja2 raised; one of ``MISTAKES``.
        template: What was rendered.
        folders: Where templates lie.
        names: The templates that there are.
    """
    place = _find_line(error, tuple(folders))
    if isinstance(error, RecursionError):
        return StepError(
            f"the template {template} extends or includes itself",
            location=place,
            hint=f'begin it with {{% extends "built-in/{template}" %}}',
        )
    if isinstance(error, jinja2.TemplateNotFound):
        labelled = (*names, *(f"built-in/{name}" for name in names))
        return StepError(
            f"the template {template} names another that does not exist",
            got=str(error.name),
            choices=labelled,
            location=place,
        )
    return StepError(f"the template {template} cannot be rendered: {error}", location=place)


def _find_line(error: Exception, folders: tuple[Path, ...]) -> Location | None:
    """Return the innermost line of a template that an error comes from."""
    if isinstance(error, jinja2.TemplateSyntaxError) and error.filename:
        return Location(error.filename, error.lineno)
    frames = traceback.extract_tb(error.__traceback__)
    for frame in reversed(frames):
        if any(Path(frame.filename).is_relative_to(folder) for folder in folders):
            return Location(frame.filename, frame.lineno or 0)
    return None
