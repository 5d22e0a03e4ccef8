"""Templates whose texts are kept between builds: where nothing has changed, Jinja2 is not even loaded (60 ms)."""

from __future__ import annotations

import contextlib
import hashlib
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from dray.template.environment import TemplateFolder


class RememberedTemplates:
    """Renders templates, or takes the text that the last build rendered of the same template and values.

    Args:
        templates: Renders.
        memory: The folder in which texts are kept, one file for each template.
        version: dray's own; what another one has rendered is not taken.
    """

    def __init__(self, templates: TemplateFolder, memory: Path, version: str) -> None:
        self._templates = templates
        self._memory = memory
        self._version = version

    @cached_property
    def _state(self) -> str:
        """What stands for all templates: one can include another, so a change of any counts for each."""
        return repr((self._version, self._templates.state()))

    def render(self, template: str, /, **values: object) -> str:
        """Return a template's text with these values; see ``Templates.render``."""
        file = self._memory / template.replace("/", "%")
        question = repr((self._state, sorted(values.items())))
        seal, _, kept = self._read(file).partition("\n")
        if seal == _seal(question, kept):
            return kept
        text = self._templates.render(template, **values)
        self._keep(file, f"{_seal(question, text)}\n{text}")
        return text

    def preload(self) -> None:
        """Compile the templates now, unless earlier texts will most likely do."""
        if not self._memory.is_dir():
            self._templates.preload()

    def _read(self, file: Path) -> str:
        try:
            with file.open(encoding="utf-8", newline="") as opened:
                return opened.read()
        except (OSError, ValueError):
            return ""

    def _keep(self, file: Path, text: str) -> None:
        temporary = file.with_name(f".{file.name}.new")
        with contextlib.suppress(OSError):  # what cannot be kept is rendered again
            self._memory.mkdir(parents=True, exist_ok=True)
            temporary.write_text(text, encoding="utf-8", newline="")
            temporary.replace(file)


def _seal(question: str, text: str) -> str:
    """Return what shows that a text is whole and answers this question."""
    return hashlib.sha256(f"{question}\n{text}".encode()).hexdigest()
