"""Texts are kept between builds, and only as long as templates and values are the same."""

from __future__ import annotations

import pytest

from dray.memory import Memory
from dray.template import remembered
from dray.template.environment import TemplateFolder
from dray.template.remembered import RememberedTemplates


class Counting(TemplateFolder):
    """Templates that say how often one was really rendered."""

    def __init__(self, folder):
        super().__init__(built_in=folder)
        self.rendered = 0

    def render(self, template, /, **values):
        self.rendered += 1
        return super().render(template, **values)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "files" / "bin").mkdir(parents=True)
    (tmp_path / "files" / "bin" / "NAME").write_text("#!/bin/sh\n{% include 'part' %}{{ name }}\n")
    (tmp_path / "files" / "part").write_text("part of ")
    return tmp_path / "files"


@pytest.fixture
def begin(folder, tmp_path):
    """Return a function that makes the templates of a new build."""

    def make():
        counting = Counting(folder)
        return RememberedTemplates(counting, Memory(tmp_path / "memory")), counting

    return make


def test_a_second_build_renders_nothing(begin):
    first, _ = begin()
    text = first.render("bin/NAME", name="shop")
    again, counting = begin()
    assert again.render("bin/NAME", name="shop") == text == "#!/bin/sh\npart of shop\n"
    assert counting.rendered == 0


def test_other_values_are_rendered(begin):
    begin()[0].render("bin/NAME", name="shop")
    again, counting = begin()
    assert again.render("bin/NAME", name="fair").endswith("part of fair\n")
    assert counting.rendered == 1


def test_a_change_of_any_template_counts_for_all(begin, folder):
    begin()[0].render("bin/NAME", name="shop")
    (folder / "part").write_text("changed ")
    assert begin()[0].render("bin/NAME", name="shop").endswith("changed shop\n")


def test_what_another_version_rendered_is_not_taken(begin, monkeypatch):
    begin()[0].render("bin/NAME", name="shop")
    monkeypatch.setattr(remembered, "__version__", "0.0.1")
    again, counting = begin()
    again.render("bin/NAME", name="shop")
    assert counting.rendered == 1


def test_templates_are_compiled_ahead_only_when_nothing_is_remembered(begin, monkeypatch):
    compiled = []
    monkeypatch.setattr(TemplateFolder, "preload", lambda _: compiled.append("done"))
    begin()[0].preload()
    assert len(compiled) == 1
    begin()[0].render("bin/NAME", name="shop")
    begin()[0].preload()
    assert len(compiled) == 1
