"""A mistake in a template is said with the user's file and line."""

from __future__ import annotations

import pytest

from dray.errors import StepError
from dray.template.environment import TemplateFolder

NAME = "releases/VSN/launcher.elixir"
EXTENDS = '{% extends "built-in/releases/VSN/launcher.elixir" %}\n{% block pre_start %}\n'
END = "\n{% endblock %}\n"


@pytest.fixture
def templates(tmp_path):
    """Return a function that writes the project's own launcher and returns all templates."""

    def write(text, name=NAME):
        file = tmp_path / "own" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return TemplateFolder(tmp_path / "own")

    return write


def render(templates):
    return templates.render(NAME, name="shop", version="1.0", erts_version=None, mode_flag="-mode")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (f"{EXTENDS}{{{{ super( }}}}{END}", 3, "unexpected '}'"),
        (f"{EXTENDS}\n{{{{ releas.name }}}}{END}", 4, "'releas' is undefined"),
        ('\n{% extends "builtin/releases/VSN/launcher.elixir" %}', 2, "names another that does not exist"),
        (f'{{% extends "{NAME}" %}}', 1, "extends or includes itself"),
    ],
    ids=["syntax", "value", "parent", "itself"],
)
def test_the_line_is_that_of_the_mistake(templates, tmp_path, text, line, words):
    with pytest.raises(StepError, match=words) as caught:
        render(templates(text))
    assert caught.value.location is not None
    assert (caught.value.location.file, caught.value.location.line) == (str(tmp_path / "own" / NAME), line)


def test_a_parent_of_another_name_is_suggested(templates):
    with pytest.raises(StepError) as caught:
        render(templates('{% extends "builtin/releases/VSN/launcher.elixir" %}'))
    assert caught.value.suggestion() == "built-in/releases/VSN/launcher.elixir"


def test_a_block_that_replaces_none_is_found_with_what_was_meant(templates):
    text = EXTENDS.replace("pre_start", "pre_strat") + END
    assert templates(text).list_stray_blocks() == ((NAME, "pre_strat", "pre_start"),)
    assert templates(EXTENDS + END).list_stray_blocks() == ()


def test_the_blocks_of_a_template_are_those_of_all_that_it_extends(templates):
    assert set(templates(EXTENDS + END).list_blocks(NAME)) == {"pre_start", "functions", "environment"}
