"""Steps from outside of dray: a package, a project's own steps, an override, Elixir code, a program."""

from __future__ import annotations

import hashlib
import io
import json
import sysconfig
import tarfile
import textwrap
import venv
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.harness import EXAMPLES, ROOT, build, copy_project, run, wait_for

pytestmark = pytest.mark.beam


@dataclass(frozen=True)
class Environment:
    """A virtual environment with dray, and with what is installed into it."""

    path: Path

    @property
    def python(self):
        return self.path / "bin/python"

    def install(self, source):
        """Install a package from its source, without the network; what builds it is already there."""
        options = ("--no-index", "--no-build-isolation", "--no-deps", "--no-cache-dir", "--disable-pip-version-check")
        done = run(_python(), "-m", "pip", "--python", self.python, "install", "-q", *options, source, cwd=self.path)
        assert done.status == 0, done.err

    def uninstall(self, package):
        done = run(_python(), "-m", "pip", "--python", self.python, "uninstall", "-q", "-y", package, cwd=self.path)
        assert done.status == 0, done.err

    def dray(self, *arguments, cwd):
        return run(self.python, "-m", "dray", *arguments, cwd=cwd)


def _python():
    return Path(sysconfig.get_path("scripts")) / "python"


@pytest.fixture(scope="session")
def environment(tmp_path_factory):
    """A new virtual environment that sees the packages of the one that runs the tests."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, with_pip=False, symlinks=True)
    own = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    (own / "tests.pth").write_text(f"{ROOT / 'src'}\n{sysconfig.get_path('purelib')}\n")
    return Environment(folder)


@pytest.fixture(scope="session")
def with_motd(environment, tmp_path_factory):
    """The environment with the plugin installed as a package."""
    environment.install(copy_project(EXAMPLES / "dray_motd", tmp_path_factory.mktemp("plugin") / "dray_motd"))
    return environment


@pytest.fixture(scope="session")
def press(with_motd, tmp_path_factory):
    """The example custom_steps, built with what it needs; and the report of the build."""
    project = copy_project(EXAMPLES / "custom_steps", tmp_path_factory.mktemp("press") / "custom_steps")
    done = with_motd.dray("build", "--json", cwd=project)
    assert done.status == 0, done.err
    return project, json.loads(done.out), done.err


def test_a_registered_step_shows_among_the_steps(with_motd, tmp_path):
    done = with_motd.dray("show", "steps", "--json", cwd=tmp_path)
    assert done.status == 0, done.err
    (motd,) = (step for step in json.loads(done.out) if step["name"] == "motd")
    assert motd["package"] == "dray-motd"
    assert motd["summary"] == "Put a message of the day at etc/motd of the release."
    assert motd["options"] == {"text": "a string; by default 'Welcome'"}
    text = with_motd.dray("show", "steps", cwd=tmp_path).out
    assert "motd (from dray-motd): Put a message of the day at etc/motd of the release.\n" in text


CONFIG = """
from dray_motd import motd

from dray.config import config
from dray.steps import assemble, release

config("motd", text="Good evening")
build = release("greeter") | assemble() | motd()
loud = build.replace("motd", motd(text="GOOD EVENING"))
"""


def test_a_step_of_a_package_is_used_by_an_import(with_motd, tmp_path):
    project = copy_project("single", tmp_path / "single")
    (project / "rel").mkdir()
    (project / "rel/config.py").write_text(CONFIG)
    tree = project / "_build/prod/rel/greeter"
    for arguments, text in (
        (("build",), "Good evening"),
        (("build", "--set", "motd.text=Hi"), "Hi"),
        (("run", "loud"), "GOOD EVENING"),
    ):
        done = with_motd.dray(*arguments, cwd=project)
        assert done.status == 0, done.err
        assert (tree / "etc/motd").read_text() == f"{text} to greeter 1.2.3\n"
    wrong = with_motd.dray("build", "--set", "motd.txet=Hi", cwd=project)
    assert wrong.status == 2
    assert "did you mean 'text'?" in wrong.err


DRAIN = """
from dray_drain import drain

from dray.steps import assemble, release

build = release("greeter") | assemble() | drain(seconds=0)
plain = release("greeter") | assemble()
"""


@pytest.fixture(scope="session")
def drained(environment, tmp_path_factory):
    """A project that uses the plugin dray_drain, and an environment that has it."""
    environment.install(copy_project(EXAMPLES / "dray_drain", tmp_path_factory.mktemp("drain") / "dray_drain"))
    project = copy_project("single", tmp_path_factory.mktemp("drained") / "single")
    (project / "rel").mkdir()
    (project / "rel/config.py").write_text(DRAIN)
    return environment, project


def test_a_plugin_adds_to_the_start_and_the_stop(drained, launch):
    environment, project = drained
    done = environment.dray("build", cwd=project)
    assert done.status == 0, done.err
    node = launch(project / "_build/prod/rel/greeter", "greeter")
    sign = Path(node.env["RELEASE_TMP"]) / "in_rotation"
    sign.parent.mkdir(exist_ok=True)
    sign.write_text("of a crash")
    with node.running():
        wait_for(lambda: sign.exists() and not sign.read_text(), "the hook of post_start")
        stopped = node("stop")
    assert "draining for 0 s" in stopped.out
    assert not sign.exists()


def test_the_templates_of_a_plugin_count_for_the_pipelines_that_use_it(drained):
    environment, project = drained
    shown = environment.dray("show", "templates", cwd=project)
    assert shown.status == 0, shown.err
    (line,) = [line.split() for line in shown.out.splitlines() if line.startswith("releases/VSN/launcher.elixir")]
    assert line[-1] == "dray_drain"
    assert {"pre_start", "functions"} < set(line)
    launcher = project / "_build/prod/rel/greeter/releases/1.2.3/launcher"
    for pipeline, times in (("plain", 0), ("build", 1), ("build", 1), ("build", 1)):
        done = environment.dray("run", pipeline, cwd=project)
        assert done.status == 0, done.err
        assert launcher.read_text().count("in_rotation") == times
    assert "nothing has changed" in done.err


def test_a_plugin_that_was_updated_is_used_at_once(drained, tmp_path):
    environment, project = drained
    for _ in range(3):
        done = environment.dray("build", cwd=project)
    assert "nothing has changed" in done.err
    (template,) = (environment.path / "lib").glob("*/site-packages/dray_drain/templates/releases/VSN/launcher.elixir")
    text = template.read_text()
    template.write_text(text.replace("A file that", "Any file that"))
    assert environment.dray("build", cwd=project).status == 0
    template.write_text(text)
    assert "Any file that" in (project / "_build/prod/rel/greeter/releases/1.2.3/launcher").read_text()


def test_a_template_of_a_name_that_nothing_has_is_warned_of(tmp_path):
    project = copy_project("single", tmp_path / "single")
    template = project / "rel/templates/releases/VSN/launcher.elixr"
    template.parent.mkdir(parents=True)
    template.write_text("")
    for _ in range(3):
        done = build(project)
        assert done.err.count("rel/templates/releases/VSN/launcher.elixr takes the place of no template") == 1
        assert "did you mean releases/VSN/launcher.elixir?" in done.err


def test_a_plugin_that_is_not_installed_is_an_error_with_the_line(tmp_path):
    project = copy_project("single", tmp_path / "single")
    (project / "rel").mkdir()
    (project / "rel/config.py").write_text(CONFIG)
    done = run(_python(), "-m", "dray", "build", cwd=project)
    assert done.status == 2
    assert "dray_motd" in done.err
    assert "rel/config.py:2" in done.err


BROKEN = """
    [build-system]
    requires = ["hatchling"]
    build-backend = "hatchling.build"

    [project]
    name = "dray-broken"
    version = "0.1.0"

    [project.entry-points."dray.steps"]
    broken = "dray_broken:missing"
"""


def test_a_registered_step_that_cannot_be_loaded_names_its_package(environment, tmp_path):
    package = tmp_path / "dray_broken"
    (package / "src/dray_broken").mkdir(parents=True)
    (package / "src/dray_broken/__init__.py").write_text("")
    (package / "pyproject.toml").write_text(textwrap.dedent(BROKEN))
    environment.install(package)
    try:
        shown = environment.dray("show", "steps", cwd=tmp_path)
        project = copy_project("single", tmp_path / "single")
        built = environment.dray("build", "--quiet", cwd=project)
    finally:
        environment.uninstall("dray-broken")
    assert shown.status == 5
    assert "error: the step broken of the package dray-broken cannot be loaded: " in shown.err
    assert "pip uninstall dray-broken" in shown.err
    assert built.status == 0, "a step that nobody uses does no harm"


def test_the_example_runs_every_kind_of_step(press):
    project, report, said = press
    names = [step["name"] for step in report["steps"]]
    assert names == ["release", "assemble", "motd", "mix", "script", "count_files", "tar"]
    tree = project / "_build/prod/rel/press"
    assert (tree / "etc/motd").read_text() == "Good morning to press 0.1.0\n"
    assert (tree / "share/headlines.txt").read_text() == "extra, extra about press\n"
    assert (tree / "share/stamp.txt").read_text() == "printed by press\n"
    assert "press-0.1.0.tar.gz.sha256 written" in said
    count = sum(1 for path in tree.rglob("*") if path.is_file())
    assert f"{count - 1} files, " in said or f"{count} files, " in said


def test_the_step_of_the_project_takes_the_place_of_the_built_in_one(press, with_motd):
    project, report, _ = press
    (artifact,) = report["artifacts"]
    path = Path(artifact["path"])
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert artifact["sha256"] == digest
    assert path.with_name(f"{path.name}.sha256").read_text() == f"{digest}  {path.name}\n"
    with tarfile.open(fileobj=io.BytesIO(path.read_bytes())) as archive:
        names = archive.getnames()
    assert {"etc/motd", "share/headlines.txt", "share/stamp.txt", "bin/press"} <= set(names)
    planned = json.loads(with_motd.dray("plan", "--json", "--set", "tar.level=9", cwd=project).out)
    assert planned["steps"][-1]["options"]["level"] == {"value": "9", "origin": "--set"}


def test_the_other_pipeline_of_the_example_makes_no_archive(press, with_motd):
    project, _, _ = press
    done = with_motd.dray("run", "tree", "--json", cwd=project)
    assert done.status == 0, done.err
    assert json.loads(done.out)["artifacts"] == []
    assert (project / "_build/prod/rel/press/etc/motd").exists()


def test_the_release_of_the_example_boots(press, launch):
    project, _, _ = press
    launcher = launch(project / "_build/prod/rel/press", "press")
    with launcher.running():
        assert launcher("rpc", "IO.puts(Press.headline())").out == "extra, extra\n"


def test_a_function_that_writes_what_it_was_told_is_part_of_the_release(built, tmp_path):
    project = copy_project("mix_steps", tmp_path / "mix_steps")
    (project / "rel/config.py").write_text(
        "from dray.steps import assemble, mix, release\n\n"
        'build = release("stepped") | assemble() | mix("Stepped.Steps.write_manual", "Latin")\n'
        'wrong = release("stepped") | assemble() | mix("Stepped.Steps.returns_something_else")\n'
        'missing = release("stepped") | assemble() | mix("Stepped.Steps.no_such_function")\n'
    )
    build(project)
    text = (project / "_build/prod/rel/stepped/share/manual.txt").read_text()
    assert text.startswith("stepped 0.1.0 in Latin, ")
    for name, words in (("wrong", "{:error, :reason}"), ("missing", "no_such_function")):
        done = run(_python(), "-m", "dray", "run", name, cwd=project)
        assert done.status == 1, done.err
        assert words in done.err
        assert "rel/config.py:" in done.err


def test_a_script_that_fails_ends_the_build_with_its_own_words(tmp_path):
    project = copy_project("single", tmp_path / "single")
    (project / "rel").mkdir()
    (project / "rel/config.py").write_text(
        "from dray.steps import assemble, release, script\n\n"
        'build = release("greeter") | assemble() | script("rel/fails")\n'
    )
    script = project / "rel/fails"
    script.write_text("#!/bin/sh\necho 'the printer is on fire' >&2\nexit 3\n")
    script.chmod(0o755)
    done = run(_python(), "-m", "dray", "build", cwd=project)
    assert done.status == 1
    assert done.err.count("the printer is on fire") == 1
    assert "rel/config.py:3" in done.err
