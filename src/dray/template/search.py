"""Templates that are looked for in several folders: the project's, the user's, the built-in ones; the first wins."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from dray.template.environment import TemplateFolder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2 import Environment

PROJECT_TEMPLATES = Path("rel/templates")


class TemplateSearch(TemplateFolder):
    """Renders the templates of several folders.

    A template may extend the one of the same name that it hides: ``{% extends "built-in/NAME" %}``.

    Args:
        folders: Where to look, in this order; the built-in templates come last by themselves.
    """

    def __init__(self, *folders: Path) -> None:
        super().__init__()
        self.folders = (*folders, self.folder)

    @cached_property
    def environment(self) -> Environment:
        """The environment; its templates are those of all folders."""
        import jinja2  # noqa: PLC0415 - see TemplateFolder

        environment = super().environment
        built_in = jinja2.FileSystemLoader(self.folder)
        environment.loader = jinja2.ChoiceLoader(
            [jinja2.FileSystemLoader(self.folders), jinja2.PrefixLoader({"built-in": built_in})]
        )
        return environment


def find_user_templates(environ: Mapping[str, str]) -> Path:
    """Return the folder of the user's own templates, ``~/.config/dray/templates``."""
    base = environ.get("XDG_CONFIG_HOME") or f"{environ.get('HOME', '/')}/.config"
    return Path(base) / "dray" / "templates"
