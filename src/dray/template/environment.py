"""The one Jinja2 environment: the real ``Templates`` of ``dray.core.context``.

Templates are shell scripts and configuration files, so nothing is escaped by itself: a value goes through the filter
``sh`` where the shell reads it. Comments are ``<# ... #>``, since ``{#`` occurs in shell.
"""

from __future__ import annotations

import re
import shlex
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from dray.errors import StepError, find_similar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jinja2 import Environment

_BLOCK = re.compile(r"{%-? block (\w+)")
_EXTENDS = re.compile(r"""{%-? extends ["']([^"']+)["']""")
BUILT_IN = Path(__file__).parent / "files"
PROJECT_TEMPLATES = "rel/templates"
_LATER = ("notify/", "service/")
NOTHING: Mapping[str, Path] = MappingProxyType({})


def find_user_templates(environ: Mapping[str, str]) -> Path:
    """Return the folder of the user's own templates, ``~/.config/dray/templates``."""
    base = environ.get("XDG_CONFIG_HOME") or f"{environ.get('HOME', '/')}/.config"
    return Path(base) / "dray" / "templates"


class TemplateFolder:
    """Renders the templates of dray, or those that take their place.

    A template can begin with ``{% extends "built-in/NAME" %}``, or with a plugin's name in its place, and say only
    the blocks that differ.

    Args:
        own: Folders whose templates win over all others of the same name; the first one wins over the next.
        plugins: Those of plugins, by the name of the package; they win over the built-in ones.
        built_in: dray's own.
    """

    def __init__(self, *own: Path, plugins: Mapping[str, Path] = NOTHING, built_in: Path = BUILT_IN) -> None:
        self.named = {**plugins, "built-in": built_in}
        self.folders = (*own, *self.named.values())

    @cached_property
    def environment(self) -> Environment:
        """The environment, made when the first template is rendered: Jinja2 takes 40 ms to load."""
        import jinja2  # noqa: PLC0415

        named = {name: jinja2.FileSystemLoader(folder) for name, folder in self.named.items()}
        environment = jinja2.Environment(
            loader=jinja2.ChoiceLoader([jinja2.FileSystemLoader(self.folders), jinja2.PrefixLoader(named)]),
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
        from dray.template.mistakes import MISTAKES, explain_mistake  # noqa: PLC0415 - Jinja2 takes 40 ms to load

        try:
            return self.environment.get_template(template).render(**values)
        except MISTAKES as error:
            raise explain_mistake(error, template, self.folders, self.list_names()) from error

    def list_names(self) -> tuple[str, ...]:
        """Return the names of all templates, sorted."""
        return tuple(sorted(_list_files(self.folders)))

    def list_strays(self) -> tuple[str, ...]:
        """Return the user's own templates that take the place of none, and that no other of them names."""
        own = _list_files(self.folders[: -len(self.named)])
        if not own:  # as in most projects; to list the others would cost each build some milliseconds
            return ()
        strays = own.keys() - _list_files(self.named.values()).keys()
        texts = {name: path.read_text(encoding="utf-8", errors="replace") for name, path in own.items()}
        return tuple(sorted(name for name in strays if not any(name in text for text in texts.values())))

    def list_blocks(self, name: str) -> tuple[str, ...]:
        """Return the blocks of the template in force, and of those that it extends, in their order."""
        return tuple(dict.fromkeys(block for text in self._read_chain(name) for block in _BLOCK.findall(text)))

    def list_stray_blocks(self) -> tuple[tuple[str, str, str | None], ...]:
        """Return the blocks of the user's own templates that replace none: template, block, and what was meant."""
        strays = []
        for name in sorted(_list_files(self.folders[: -len(self.named)])):
            own, *extended = self._read_chain(name)
            known = [block for text in extended for block in _BLOCK.findall(text)]
            if extended:
                unknown = [block for block in _BLOCK.findall(own) if block not in known]
                strays += [(name, block, find_similar(block, known)) for block in unknown]
        return tuple(strays)

    def _read_chain(self, name: str) -> tuple[str, ...]:
        """Return the source of a template, of the one that it extends, and so on."""
        texts: list[str] = []
        file: Path | None = self.find(name)
        seen: set[Path] = set()
        while file is not None and file not in seen and file.is_file():
            seen.add(file)
            texts.append(file.read_text(encoding="utf-8", errors="replace"))
            extended = _EXTENDS.search(texts[-1])
            file = self._find_named(extended[1]) if extended else None
        return tuple(texts)

    def _find_named(self, name: str) -> Path | None:
        label, _, rest = name.partition("/")
        if label in self.named:
            return self.named[label] / rest
        return next((folder / name for folder in self.folders if (folder / name).is_file()), None)

    def describe_origin(self, name: str) -> str | None:
        """Return ``built-in`` or the plugin that a template in force comes from; None for the user's own."""
        place = self.find(name)
        return next((label for label, folder in self.named.items() if place == folder / name), None)

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

    def preload(self) -> None:
        """Compile now what every build needs, in a moment in which nothing else is to do."""
        for name in self.list_names():
            if not name.startswith(_LATER):
                self.environment.get_template(name)


def _list_files(folders: Iterable[Path]) -> dict[str, Path]:
    """Return the files below some folders, by their names there."""
    return {str(path.relative_to(folder)): path for folder in folders for path in folder.rglob("*") if path.is_file()}
