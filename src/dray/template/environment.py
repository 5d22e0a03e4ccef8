"""The one Jinja2 environment: the real ``Templates`` of ``dray.core.context``.

Templates are shell scripts and configuration files, so nothing is escaped by itself: a value goes through the filter
``sh`` where the shell reads it. Comments are ``<# ... #>``, since ``{#`` occurs in shell.
"""

from __future__ import annotations

import shlex
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from dray.errors import StepError

if TYPE_CHECKING:
    from jinja2 import Environment

BUILT_IN = Path(__file__).parent / "files"


class TemplateFolder:
    """Renders the templates of a folder.

    Args:
        folder: Where they are.
    """

    def __init__(self, folder: Path = BUILT_IN) -> None:
        self.folder = folder

    @cached_property
    def environment(self) -> Environment:
        """The environment, made when the first template is rendered: Jinja2 takes 40 ms to load."""
        import jinja2  # noqa: PLC0415

        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(self.folder),
            undefined=jinja2.StrictUndefined,
            comment_start_string="<#",
            comment_end_string="#>",
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            autoescape=jinja2.select_autoescape(("html",)),
        )
        environment.filters["sh"] = shlex.quote
        return environment

    def render(self, template: str, /, **values: object) -> str:
        """Return a template's text with these values; see ``Templates.render``.

        Raises:
            StepError: There is no such template, or it asks for a value that it does not get.
        """
        import jinja2  # noqa: PLC0415

        try:
            return self.environment.get_template(template).render(**values)
        except jinja2.TemplateError as error:
            raise StepError(f"the template {template} cannot be rendered: {error}") from error

    def list_names(self, below: str) -> tuple[str, ...]:
        """Return the names of the templates below a folder, sorted."""
        base = self.folder / below
        return tuple(sorted(str(path.relative_to(self.folder)) for path in base.rglob("*") if path.is_file()))

    def state(self) -> tuple[tuple[str, int, int], ...]:
        """Return what stands for the content of all templates: name, size and modification time (ns)."""
        found = [(name, (self.folder / name).stat()) for name in self.list_names("")]
        return tuple((name, state.st_size, state.st_mtime_ns) for name, state in found)

    def source(self, name: str) -> str:
        """Return a template's source."""
        return (self.folder / name).read_text(encoding="utf-8")

    def preload(self) -> None:
        """Compile now what every build needs, in a moment in which nothing else is to do."""
        for name in self.list_names(""):
            if not name.startswith("service/"):
                self.environment.get_template(name)
