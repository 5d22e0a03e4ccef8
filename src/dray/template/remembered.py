"""Templates whose texts are kept between builds: where nothing has changed, Jinja2 is not even loaded (60 ms)."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from dray._version import __version__

if TYPE_CHECKING:
    from dray.memory import Memory
    from dray.template.environment import TemplateFolder


class RememberedTemplates:
    """Renders templates, or takes the text that an earlier build rendered of the same templates and values.

    Args:
        templates: Renders.
        memory: Keeps the texts.
    """

    def __init__(self, templates: TemplateFolder, memory: Memory) -> None:
        self._templates = templates
        self._memory = memory

    @cached_property
    def _state(self) -> str:
        """What stands for all templates: one can include another, so a change of any counts for each."""
        return repr((__version__, self._templates.state()))

    def render(self, template: str, /, **values: object) -> str:
        """Return a template's text with these values; see ``Templates.render``."""
        question = repr((self._state, sorted(values.items())))
        text = self._memory.recall(template, question, lambda: self._templates.render(template, **values).encode())
        return text.decode()

    def preload(self) -> None:
        """Do now what rendering needs: compile the templates, unless earlier texts will most likely do."""
        _ = self._state
        if self._memory.is_empty:
            self._templates.preload()
