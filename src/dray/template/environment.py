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
    from collections.abc import Mapping

    from jinja2 import Environment

BUILT_IN = Path(__file__).parent / "files"
PROJECT_TEMPLATES = "rel/templates"


def find_user_templates(environ: Mapping[str, str]) -> Path:
    """Return the folder of the user's own templates, ``~/.config/dray/templates``."""
    base = environ.get("XDG_CONFIG_HOME") or f"{environ.get('HOME', '/')}/.config"
    return Path(base) / "dray" / "templates"


class TemplateFolder:
    """Renders the templates of dray, or those that take their place.

    A template of the project can begin with ``{% extends "built-in/NAME" %}`` and say only the blocks that differ.

    Args:
        own: Folders whose templates win over the built-in ones of the same name; the first one wins over the others.
        built_in: dray's own.
    """

    def __init__(self, *own: Path, built_in: Path = BUILT_IN) -> None:
        self.folders = (*own, built_in)

    @cached_property
    def environment(self) -> Environment:
        """The environment, made when the first template is rendered: Jinja2 takes 40 ms to load."""
        import jinja2  # noqa: PLC0415

        environment = jinja2.Environment(
            loader=jinja2.ChoiceLoader(
                [
                    jinja2.FileSystemLoader(self.folders),
                    jinja2.PrefixLoader({"built-in": jinja2.FileSystemLoader(self.folders[-1])}),
                ]
            ),
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
        found = {
            str(path.relative_to(folder))
            for folder in self.folders
            for path in (folder / below).rglob("*")
            if path.is_file()
        }
        return tuple(sorted(found))

    def state(self) -> tuple[tuple[str, int, int], ...]:
        """Return what stands for the content of all templates: file, size and modification time (ns)."""
        files = [path for folder in self.folders for path in sorted(folder.rglob("*")) if path.is_file()]
        return tuple((str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files)

    def find(self, name: str) -> Path:
        """Return the file of the template in force.

        Raises:
            StepError: There is none of this name.
        """
        for folder in self.folders:
            if (folder / name).is_file():
                return folder / name
        raise StepError(f"there is no template {name}")

    def source(self, name: str) -> str:
        """Return a template's source."""
        return self.find(name).read_text(encoding="utf-8")

    def preload(self) -> None:
        """Compile now what every build needs, in a moment in which nothing else is to do."""
        for name in self.list_names(""):
            if not name.startswith("service/"):
                self.environment.get_template(name)
