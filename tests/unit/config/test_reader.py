"""rel/config.py: read from top to bottom, leaving no trace, with errors at the user's line."""

from __future__ import annotations

import sys

import pytest

from dray.config import config, config_env, env, import_config, secret
from dray.config.reader import open_configuration
from dray.errors import ConfigError

HEAD = "from dray.config import *\nfrom dray.steps import *\n"


@pytest.fixture
def project(tmp_path):
    """Return a function that writes files below rel/ and reads the configuration."""

    def read(env="prod", **files):
        for name, text in files.items():
            path = tmp_path / "rel" / name.replace("__", "/").replace("_py", ".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return open_configuration(tmp_path, env)

    return read


def names(pipeline):
    return [step.name for step in pipeline.steps()]


def test_without_a_file_everything_is_at_its_default(tmp_path):
    with open_configuration(tmp_path, "prod") as read:
        assert read.file is None
        assert read.pipelines == {}


def test_pipelines_are_named_by_their_variables(project):
    with project(config_py=HEAD + "build = release() | assemble()\ndeploy = build | tar()\n_part = tar()\n") as read:
        assert {name: names(p) for name, p in read.pipelines.items()} == {
            "build": ["release", "assemble"],
            "deploy": ["release", "assemble", "tar"],
        }


def test_a_single_step_is_a_pipeline(project):
    with project(config_py=HEAD + "pack = tar()\n") as read:
        assert names(read.pipelines["pack"]) == ["tar"]


def test_the_environment_decides(project):
    text = HEAD + "if config_env() == 'staging':\n    config('tar', level=1)\n"
    with project(env="staging", config_py=text) as read:
        assert read.settings.section("tar")["level"].value == 1
    with project(env="prod", config_py=text) as read:
        assert read.settings.section("tar") == {}


def test_values_remember_their_file_and_line(project, tmp_path):
    with project(config_py=HEAD + "\nconfig('tar', level=2)\n") as read:
        origin = read.settings.section("tar")["level"].origin
        assert (origin.file, origin.line) == (str(tmp_path / "rel" / "config.py"), 4)


def test_an_imported_file_wins_over_what_came_before(project, tmp_path):
    main = (
        HEAD + "config('shop', applications={'a': 'permanent', 'b': 'load'})\nimport_config(f'{config_env()}.py')\n"
    )
    extra = "from dray.config import config\nconfig('shop', applications={'b': 'none'})\n"
    with project(config_py=main, prod_py=extra) as read:
        found = read.settings.section("shop")["applications"]
        assert found.value == {"a": "permanent", "b": "none"}
        assert found.origin.file == str(tmp_path / "rel" / "prod.py")


def test_files_are_imported_relative_to_the_file_that_imports_them(project):
    main = HEAD + "import_config('sub/one.py')\n"
    one = "from dray.config import import_config\nimport_config('two.py')\n"
    two = "from dray.config import config\nconfig('tar', level=7)\n"
    with project(config_py=main, sub__one_py=one, sub__two_py=two) as read:
        assert read.settings.section("tar")["level"].value == 7


def test_pipelines_of_imported_files_count_and_the_main_file_wins(project):
    main = HEAD + "import_config('more.py')\nbuild = release()\n"
    more = HEAD + "build = tar()\nextra = assemble()\n"
    with project(config_py=main, more_py=more) as read:
        assert {name: names(p) for name, p in read.pipelines.items()} == {"build": ["release"], "extra": ["assemble"]}


def test_the_projects_own_steps_are_imported_from_rel(project, tmp_path):
    steps = "from dray import step\n@step\ndef warm(release, ctx, *, size=1):\n    return release\n"
    with project(
        config_py=HEAD + "from rel.own import warm\nbuild = release() | warm(size=2)\n", own_py=steps
    ) as read:
        assert names(read.pipelines["build"]) == ["release", "warm"]
        assert "rel.own" in sys.modules
    assert "rel.own" not in sys.modules
    assert str(tmp_path) not in sys.path
    assert not list(tmp_path.rglob("__pycache__"))


def test_reading_twice_reads_the_new_text(project):
    steps = "from dray import step\n@step(name='{}')\ndef own(release, ctx):\n    return release\n"
    text = HEAD + "from rel.own import own\nbuild = release() | own()\n"
    with project(config_py=text, own_py=steps.format("one")) as read:
        assert names(read.pipelines["build"])[1] == "one"
    with project(own_py=steps.format("two")) as read:
        assert names(read.pipelines["build"])[1] == "two"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("build = release() |> tar()\n", "steps are joined with |, not |>"),
        ("config :service, port: 4000\n", 'in Python: config("service", port=4000)'),
        ("if config_env() == 'prod' do\n", "in Python a colon begins a block, and indentation holds it together"),
        ("config('tar', level: 9)\n", "in Python a keyword argument is name=value, and a dictionary {'name': value}"),
    ],
)
def test_what_would_be_right_in_elixir_has_a_hint(project, text, hint):
    with pytest.raises(ConfigError, match="is not Python") as caught, project(config_py=HEAD + text):
        pass
    assert caught.value.hint == hint


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("x = 1 / 0\n", "ZeroDivisionError", 3),
        ("build = (\n", "is not Python", 3),
        ("build = release() | tar(levl=1)\n", "has no option 'levl'", 3),
        ("build = release() | 'tar'\n", "made of steps", 3),
        ("from dray.steps import assmeble\n", "ImportError", 3),
        ("import_config('none.py')\n", "there is no file", 3),
        ("secret('vault:x')\n", "kept in a file", 3),
        ("def f():\n    return env('A') + 'x'\nf()\n", "is read when a step uses it", 4),
        ("import nothing_of_this_name\n", "ModuleNotFoundError", 3),
        ("raise SystemExit(3)\n", "SystemExit", 3),
    ],
)
def test_mistakes_are_errors_at_their_line(project, tmp_path, text, message, line):
    with pytest.raises(ConfigError) as caught, project(config_py=HEAD + text):
        pass
    assert message in caught.value.what
    place = caught.value.location
    assert place is not None
    assert place.file == str(tmp_path / "rel" / "config.py")
    assert place.line == line


def test_a_mistake_in_an_imported_module_names_that_file(project, tmp_path):
    with pytest.raises(ConfigError) as caught, project(config_py=HEAD + "import rel.own\n", own_py="\nx = {}['k']\n"):
        pass
    assert caught.value.location is not None
    assert (caught.value.location.file, caught.value.location.line) == (str(tmp_path / "rel" / "own.py"), 2)


def test_calling_a_plain_function_of_two_arguments_says_how_it_is_written(project):
    text = HEAD + "def warm(release, ctx):\n    return release\nbuild = release() | warm()\n"
    with pytest.raises(ConfigError) as caught, project(config_py=text):
        pass
    assert caught.value.hint is not None
    assert "without parentheses" in caught.value.hint


def test_a_failed_reading_leaves_nothing_behind(project, tmp_path):
    with pytest.raises(ConfigError), project(config_py=HEAD + "x = 1 / 0\n"):
        pass
    assert str(tmp_path) not in sys.path
    with pytest.raises(ConfigError, match="works while rel/config.py is read"):
        config("tar", level=1)


@pytest.mark.parametrize("call", [lambda: config("a"), config_env, lambda: import_config("a")])
def test_the_functions_work_only_while_the_file_is_read(call):
    with pytest.raises(ConfigError) as caught:
        call()
    assert caught.value.hint is not None
    assert "rel/config.py" in caught.value.hint


def test_secrets_can_be_named_anywhere():
    assert env("TOKEN").name == "TOKEN"
    assert secret("file:~/key").name == "~/key"


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("asemble()", "did you mean 'assemble'?"),
        ("tar()", "import it: from dray.steps import tar"),
        ("config('x', a=1)", "import it: from dray.config import config"),
        ("true", "in Python it is True"),
        ("zzz", "every name is imported or defined before it is used; steps come from dray.steps"),
    ],
)
def test_an_unknown_name_says_where_it_could_come_from(tmp_path, line, hint):
    (tmp_path / "rel").mkdir()
    (tmp_path / "rel" / "config.py").write_text(f"{line}\n")
    with pytest.raises(ConfigError) as caught, open_configuration(tmp_path, "prod"):
        pass
    assert caught.value.hint == hint
