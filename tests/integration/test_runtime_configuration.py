"""The page on configuration at run time, executed: its runtime.exs, environment file and provider in one release."""

from __future__ import annotations

import re

import pytest

from dray.service.model import build_service
from dray.service.options import ServiceOptions
from dray.service.shell import render_script
from dray.template.environment import TemplateFolder
from tests.harness import ROOT, build, copy_project, run

pytestmark = pytest.mark.beam

PAGE = (ROOT / "docs/runtime-configuration.md").read_text(encoding="utf-8")
ASK = "IO.inspect(Enum.sort(Application.get_all_env(:greeter)), width: :infinity)"


def block(language, *, holding):
    (found,) = [text for text in re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL) if holding in text]
    return found


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """The project single with what the page shows."""
    project = copy_project("single", tmp_path_factory.mktemp("page") / "single")
    (project / "config").mkdir()
    (project / "config/config.exs").write_text("import Config\n")
    (project / "config/runtime.exs").write_text(block("elixir", holding="DATABASE_URL"))
    (project / "lib/from_file.ex").write_text(block("elixir", holding="@behaviour"))
    mix = (project / "mix.exs").read_text()
    (project / "mix.exs").write_text(mix.replace("deps: []", f"{block('elixir', holding='releases:')} deps: []"))
    build(project)
    return project / "_build/prod/rel/greeter"


@pytest.fixture
def asked(tree, tmp_path):
    """Return a function that runs a command of the launcher in the environment of a service on this host."""
    (tmp_path / "environment").write_text(block("sh", holding="POOL_SIZE"))
    (tmp_path / "colour").write_text("green\n")
    (tmp_path / "state").mkdir()
    options = ServiceOptions(
        root=str(tree), environment_file=str(tmp_path / "environment"), state=str(tmp_path / "state")
    )
    service = build_service(options, release="greeter")
    script = tmp_path / "greeter.sh"
    script.write_text(render_script(service, service.processes[0], TemplateFolder()).text)
    return lambda *words, **env: run("sh", script, *words, cwd=tmp_path, env={"COLOUR_FOLDER": str(tmp_path), **env})


def test_each_value_comes_from_where_the_page_says(asked, tmp_path):
    (tmp_path / "token").write_text("of systemd\n")
    done = asked("eval", ASK, CREDENTIALS_DIRECTORY=str(tmp_path))
    assert done.status == 0, done.err
    assert done.out == (
        '[colour: "green", database_url: "ecto://greeter:p%40ss@db/greeter", '
        'motto: "it costs $5, \\"mate\\"", pool_size: 20, token: "of systemd"]\n'
    )


def test_what_is_missing_is_named(asked, tmp_path):
    (tmp_path / "environment").write_text("POOL_SIZE=5\n")
    done = asked("eval", ASK)
    assert done.status == 1
    assert 'could not fetch environment variable "DATABASE_URL"' in done.err


def test_what_may_be_missing_has_its_default(asked, tmp_path):
    (tmp_path / "environment").write_text("DATABASE_URL=ecto://db\n")
    assert 'motto: "good day", pool_size: 10' in asked("eval", ASK).out
