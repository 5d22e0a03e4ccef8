"""Pipelines run: in order, with their options, and with errors that point to the user's line."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from dray import Artifact, File, Release, parallel, step
from dray.config.reader import open_configuration
from dray.console import PlainConsole
from dray.core.pipeline import as_pipeline
from dray.core.project import ReleaseDefinition
from dray.core.settings import EMPTY
from dray.core.step_options import Overrides
from dray.engine import Engine, validate_sections
from dray.errors import ConfigError, Location, PluginError, StepError
from tests.unit.assemble.test_definition import project


@pytest.fixture
def engine(make_ctx):
    return Engine(make_ctx(), PlainConsole(io.StringIO()), Overrides())


def said(engine):
    return engine.console.stream.getvalue()


@step
def named(release, ctx, *, name="shop"):
    ctx.console.result("named")
    return Release(name=name, version="1.0", env=release.env)


@step
def assembled(release, ctx):
    whole = release.add(File("bin/shop", b"x", 0o755))
    return Release(**{**{n: getattr(whole, n) for n in whole.__slots__}, "tree": ctx.root / "tree"})


@step
def adds(release, ctx, path, *, text: str = "text"):
    return release.add(File(path, text.encode()))


@step
def removes(release, ctx, path):
    return release.remove(path)


@step
def packs(release, ctx, name):
    return release.with_artifact(Artifact("tar", ctx.root / name, 1, "0"))


def test_steps_run_one_after_the_other_and_are_timed(engine):
    result = engine.run(named() | assembled() | adds("a"))
    assert [timing.name for timing in result.steps] == ["named", "assembled", "adds"]
    assert [entry.path for entry in result.release.contents] == ["a", "bin/shop", "releases/1.0/manifest.json"]
    assert "named" in said(engine)


@step
def compiles(release, ctx):
    ctx.warm_up()
    ctx.warm_up()
    return release


class Opened:
    """What a step has opened before its turn."""

    def __init__(self, name):
        self.name, self.is_open = name, True

    def close(self):
        self.is_open = False


def test_a_step_gets_what_it_has_got_ready_while_the_project_compiles(engine):
    opened, taken = [], []

    def open_early(ctx, name, *, port=22):
        opened.append(Opened(f"{ctx.env}:{name}:{port}"))
        return opened[-1]

    @step(warm_up=open_early)
    def sends(release, ctx, name, *, port=22):
        taken.append((name, ctx.warmed(), ctx.warmed().is_open))
        return release

    engine.run(named() | compiles() | parallel(sends("web"), sends("db", port=23)))
    assert sorted(value.name for value in opened) == ["prod:db:23", "prod:web:22"]
    assert {name: value.name for name, value, _ in taken} == {"web": "prod:web:22", "db": "prod:db:23"}
    assert all(was_open for _, _, was_open in taken)
    assert not any(value.is_open for value in opened)


def test_what_a_step_has_got_ready_is_closed_where_an_earlier_step_fails(engine):
    opened = []

    def open_early(ctx):
        opened.append(Opened("web"))
        return opened[-1]

    @step(warm_up=open_early)
    def sends(release, ctx):
        raise AssertionError("it has no turn")

    @step
    def fails(release, ctx):
        raise StepError("no")

    with pytest.raises(StepError):
        engine.run(named() | compiles() | fails() | sends())
    assert [value.is_open for value in opened] == [False]


def test_a_step_runs_all_the_same_where_getting_ready_fails_or_was_never_begun(engine):
    taken = []

    def load(ctx):
        raise ImportError("heavy")

    @step(warm_up=load)
    def heavy(release, ctx):
        taken.append(ctx.warmed())
        return release

    engine.run(named() | compiles() | heavy())
    engine.run(named() | heavy())
    assert taken == [None, None]


def test_getting_ready_takes_the_options_of_the_step():
    with pytest.raises(TypeError, match="warm_up of sends takes other options than the step"):

        @step(warm_up=lambda ctx, port: None)
        def sends(release, ctx, name):
            return release


@step(reads_tree=False)
def adds_unseen(release, ctx, path):
    return release.add(File(path, b"unseen"))


@step
def looks(release, ctx):
    files = sorted(path.name for path in release.tree.rglob("*") if path.is_file())
    ctx.console.result(f"saw {' '.join(files)}")
    return release


def tree_lines(engine):
    return [line for line in said(engine).splitlines() if " files, " in line]


def test_a_step_that_looks_finds_the_tree_up_to_date(engine):
    engine.run(named() | assembled() | adds_unseen("a") | looks())
    assert "saw a manifest.json shop" in said(engine)


def test_the_tree_is_written_once_for_steps_that_do_not_look(engine):
    engine.run(named() | assembled() | adds_unseen("a") | adds_unseen("b") | looks())
    assert len(tree_lines(engine)) == 1


def test_a_second_run_finds_everything_as_it_was(engine):
    pipeline = named() | assembled() | adds("a")
    engine.run(pipeline)
    again = Engine(engine.ctx, PlainConsole(io.StringIO()), Overrides())
    again.run(pipeline)
    assert "written" not in said(again)
    assert "removed" not in said(again)
    assert "unchanged" in said(again)


@pytest.mark.parametrize("end", [looks(), parallel(packs("a.deb"), packs("b.rpm"))], ids=["step", "parallel"])
def test_what_a_step_no_longer_adds_is_removed_at_the_end(engine, end, tmp_path):
    engine.run(named() | assembled() | adds("lib/a"))
    assert (tmp_path / "tree/lib/a").exists()
    again = Engine(engine.ctx, PlainConsole(io.StringIO()), Overrides())
    again.run(named() | assembled() | end)
    assert "1 removed" in said(again)
    assert not (tmp_path / "tree/lib/a").exists()


def test_the_tree_equals_the_release_after_every_step(engine, tmp_path):
    engine.run(named() | assembled() | adds("a") | adds("b") | removes("a"))
    files = {
        path.relative_to(tmp_path / "tree").as_posix() for path in (tmp_path / "tree").rglob("*") if path.is_file()
    }
    assert files == {"b", "bin/shop", "releases/1.0/manifest.json"}
    listed = json.loads((tmp_path / "tree/releases/1.0/manifest.json").read_text())["files"]
    assert [item["path"] for item in listed] == ["b", "bin/shop"]


def test_a_step_before_assembling_writes_nothing(engine, tmp_path):
    engine.run(named() | adds("a"))
    assert not (tmp_path / "tree").exists()


@pytest.mark.parametrize("returned", [None, 5, "release"])
def test_a_step_that_returns_no_release_is_told_so(engine, returned):
    @step
    def forgets(release, ctx):
        return returned

    with pytest.raises(StepError, match="forgets does not return a release") as caught:
        engine.run(named() | forgets())
    assert caught.value.got == repr(returned)
    assert caught.value.location.file == __file__


def test_an_error_without_a_place_gets_that_of_the_step(engine):
    @step
    def fails(release, ctx):
        raise StepError("it failed")

    with pytest.raises(StepError) as caught:
        engine.run(named() | fails())
    assert caught.value.location.file == __file__


def test_an_exception_in_the_projects_own_step_names_its_line(engine, tmp_path):
    (tmp_path / "rel").mkdir()
    (tmp_path / "rel" / "config.py").write_text(
        "from dray import step\n\n@step\ndef own(release, ctx):\n    return {}['missing']\n\nbuild = own()\n"
    )
    with (
        open_configuration(tmp_path, "prod") as configuration,
        pytest.raises(StepError, match="own failed: KeyError") as caught,
    ):
        engine.run(as_pipeline(named()) | configuration.pipelines["build"])
    assert caught.value.location.file == str(tmp_path / "rel" / "config.py")
    assert caught.value.location.line == 5


def test_an_exception_in_a_plugin_names_the_package(engine, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "dray_broken.py").write_text(
        "from dray import step\n@step\ndef broken(release, ctx):\n    raise RuntimeError('why')\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path / "elsewhere"))
    sys.modules.pop("dray_broken", None)
    from dray_broken import broken  # noqa: PLC0415

    object.__setattr__(engine.ctx, "root", tmp_path / "project")
    with pytest.raises(PluginError, match="broken failed: RuntimeError: why") as caught:
        engine.run(named() | broken())
    assert "dray_broken" in caught.value.hint


def test_a_bug_of_drays_own_is_not_hidden(engine, monkeypatch):
    def buggy(release, ctx):
        raise RuntimeError("bug")

    buggy.__module__ = "dray.steps.buggy"
    with pytest.raises(RuntimeError, match="bug"):
        engine.run(named() | step(buggy)())


def test_parallel_branches_work_on_the_same_release_and_their_artifacts_are_gathered(engine):
    result = engine.run(named() | assembled() | parallel(packs("a.deb"), packs("b.rpm") | packs("c.tar")))
    assert sorted(Path(a.path).name for a in result.release.artifacts) == ["a.deb", "b.rpm", "c.tar"]
    assert [t.name for t in result.steps].count("packs") == 3


def test_parallel_steps_may_not_change_the_release(engine):
    with pytest.raises(StepError, match="adds changes the release") as caught:
        engine.run(named() | assembled() | parallel(adds("x"), packs("a")))
    assert caught.value.hint == "put adds() before parallel()"


def test_a_failing_branch_is_the_error_of_the_whole(engine):
    @step
    def fails(release, ctx):
        raise StepError("one branch failed")

    with pytest.raises(StepError, match="one branch failed"):
        engine.run(named() | assembled() | parallel(packs("a"), fails()))


def test_options_come_from_settings_and_the_command_line(engine, make_ctx):
    done = engine.run(as_pipeline(named(name="given")))
    assert done.release.name == "given"
    other = Engine(engine.ctx, engine.console, Overrides((("named", "name", "typed"),)))
    assert other.run(as_pipeline(named(name="given"))).release.name == "typed"


def settings_of(**sections):
    settings = EMPTY
    for section, values in sections.items():
        settings = settings.merge(section, "", values, Location("rel/config.py", 3))
    return settings


def test_sections_are_named_like_steps_and_releases():
    release = Release(name="shop", version="1.0", project=project(releases=(ReleaseDefinition(name="fair"),)))
    settings = settings_of(tar={"level": 1}, shop={"version": "2"}, fair={"version": "3"}, own={"a": 1})
    validate_sections(settings, release, frozenset({"own"}))


def test_a_section_that_speaks_of_nothing_is_an_error_with_its_line_and_a_suggestion():
    release = Release(name="shop", version="1.0", project=project())
    with pytest.raises(ConfigError, match="'tarr'.* speaks of no step and no release") as caught:
        validate_sections(settings_of(tarr={"level": 1}), release, frozenset())
    assert caught.value.suggestion() == "tar"
    assert caught.value.location == Location("rel/config.py", 3)


def test_options_of_a_step_that_no_pipeline_has_are_checked_too():
    release = Release(name="shop", version="1.0", project=project())
    with pytest.raises(ConfigError, match="service has no option 'prot'") as caught:
        validate_sections(settings_of(service={"prot": 4000}), release, frozenset())
    assert caught.value.suggestion() == "port"
    validate_sections(settings_of(service={"port": 4000}), release, frozenset())


def test_sections_are_checked_once_the_release_has_its_name(engine, make_ctx):
    @step
    def begins(release, ctx):
        return Release(name="shop", version="1.0", env=release.env, project=project())

    ctx = make_ctx()
    ctx = replace(ctx, settings=settings_of(packs={"x": 1}))
    with pytest.raises(ConfigError, match="'packs'"):
        Engine(ctx, engine.console, Overrides()).run(begins() | named())
    assert (
        Engine(ctx, engine.console, Overrides(), frozenset({"packs"})).run(begins() | named()).release.name == "shop"
    )


def test_options_of_all_steps_are_checked_before_the_first_one_runs(engine):
    ran = []

    @step
    def counts(release, ctx):
        ran.append(release)
        return release

    for wrong in (adds(), adds("a", text=7), parallel(packs("a"), packs())):
        with pytest.raises(ConfigError):
            engine.run(named() | counts() | wrong)
    assert ran == []
