"""The built-in steps, each with fakes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dray.core.application import Application, AppOrigin, AppSpec, Mode
from dray.core.contents import Digest, File
from dray.core.context import Completed
from dray.core.project import Member, ReleaseDefinition
from dray.core.release import Release
from dray.core.secret import Secret
from dray.errors import ConfigError, ProjectError, StepError, ToolError
from dray.plugins import list_step_names, list_steps
from dray.steps import file, mix, overlay, phoenix, script, tar
from tests.fakes import FakeShell
from tests.unit.assemble.test_definition import project


def named(ctx, **given):
    facts = project(root=ctx.root, build_path=ctx.root / "_build/prod", **given.pop("project", {}))
    return Release(name="shop", version="1.0", project=facts, definition=ReleaseDefinition("shop"), **given)


def found(release):
    return {entry.path: (entry.mode, entry.source) for entry in release.contents}


def test_all_built_in_steps_are_registered_like_those_of_plugins():
    names = {step.name for step in list_steps() if step.package == "dray"}
    assert names == {"release", "assemble", "overlay", "file", "mix", "script", "tar", "phoenix.digest", "service"}
    assert names <= set(list_step_names())
    assert all(step.name == step.definition.name for step in list_steps())


def test_file_adds_a_text(make_ctx):
    assert found(file.run(Release(), make_ctx(), "etc/motd", content="Hello\n")) == {"etc/motd": (0o644, b"Hello\n")}


def test_file_copies_with_the_mode_of_the_source(make_ctx, tmp_path):
    (tmp_path / "tool").write_text("x")
    (tmp_path / "tool").chmod(0o700)
    assert found(file.run(Release(), make_ctx(), "bin/tool", source="tool")) == {
        "bin/tool": (0o755, tmp_path / "tool")
    }
    assert found(file.run(Release(), make_ctx(), "a", source="tool", mode=0o600))["a"][0] == 0o600


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "either source= or content="),
        ({"source": "a", "content": "b"}, "either source= or content="),
        ({"source": "none"}, "no file"),
    ],
)
def test_file_refuses_what_it_cannot_add(make_ctx, given, message):
    with pytest.raises(StepError, match=message):
        file.run(Release(), make_ctx(), "x", **given)


def test_file_stays_inside_the_release(make_ctx):
    with pytest.raises(StepError, match="relative"):
        file.run(Release(), make_ctx(), "../x", content="")


def test_overlay_adds_a_folder_as_it_is(make_ctx, tmp_path):
    (tmp_path / "extra" / "share").mkdir(parents=True)
    (tmp_path / "extra" / "share" / "a").write_text("a")
    (tmp_path / "extra" / "top").write_text("t")
    assert set(found(overlay.run(Release(), make_ctx(), "extra"))) == {"share/a", "top"}


def test_overlay_needs_its_folder(make_ctx):
    with pytest.raises(ProjectError, match="not a folder"):
        overlay.run(Release(), make_ctx(), "none")


def test_overlay_follows_links_and_refuses_circles(make_ctx, tmp_path):
    (tmp_path / "extra").mkdir()
    (tmp_path / "real").write_text("r")
    (tmp_path / "extra" / "link").symlink_to(tmp_path / "real")
    assert "link" in found(overlay.run(Release(), make_ctx(), "extra"))
    (tmp_path / "extra" / "again").symlink_to(tmp_path / "extra")
    with pytest.raises(ProjectError, match="in a circle"):
        overlay.run(Release(), make_ctx(), "extra")
    (tmp_path / "extra" / "again").unlink()
    (tmp_path / "extra" / "gone").symlink_to("nowhere")
    with pytest.raises(ProjectError) as caught:
        overlay.run(Release(), make_ctx(), "extra")
    assert caught.value.hint is not None
    assert "symbolic link" in caught.value.hint


def assembled(ctx, **given):
    release = named(ctx, **given).add(File("bin/shop", b"x", 0o755))
    digest = {"releases/1.0/manifest.json": Digest(1, "m"), "bin/shop": Digest(1, "b")}
    return Release(**{**{name: getattr(release, name) for name in release.__slots__}, "digests": digest})


def test_tar_packs_into_the_build_folder(make_ctx, tmp_path):
    ctx = make_ctx()
    done = tar.run(assembled(ctx), ctx)
    (artifact,) = done.artifacts
    assert artifact.path == tmp_path / "_build/prod/shop-1.0.tar.gz"
    assert artifact.size == artifact.path.stat().st_size
    assert "result: _build/prod/shop-1.0.tar.gz, 0.0 MB" in ctx.console.lines
    tar.run(assembled(ctx), ctx)
    assert ctx.console.lines[-1].endswith("unchanged")


def test_tar_can_be_named_and_made_small(make_ctx):
    ctx = make_ctx()
    done = tar.run(assembled(ctx), ctx, name="{name}_{version}.tgz", level=12)
    assert done.artifacts[0].path.name == "shop_1.0.tgz"


@pytest.mark.parametrize(
    ("given", "message"),
    [({"level": 0}, "1 to 12"), ({"name": "a/b.tar.gz"}, "ends in .tar.gz"), ({"name": "x.zip"}, "ends in")],
)
def test_tar_refuses_what_it_does_not_do(make_ctx, given, message):
    ctx = make_ctx()
    with pytest.raises(ConfigError, match=message):
        tar.run(assembled(ctx), ctx, **given)


def test_tar_needs_an_assembled_release(make_ctx):
    ctx = make_ctx()
    with pytest.raises(ConfigError, match="assembled"):
        tar.run(named(ctx), ctx)


class Program:
    """A program of the project's that adds a file and remembers what it was told."""

    def __init__(self, status=0):
        self.status = status
        self.told = []

    def __call__(self, argv, *, cwd, env, stdin):
        description = json.loads(Path(env["DRAY_RELEASE"]).read_text())
        self.told.append((argv[1:], description, {k: v for k, v in env.items() if not k.startswith("DRAY_")}))
        (Path(env["DRAY_ADD"]) / "share").mkdir()
        (Path(env["DRAY_ADD"]) / "share" / "made").write_text(description["version"])
        return Completed(argv, self.status)


def executable(root, name="rel/bin/make"):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_script_is_told_of_the_release_and_adds_to_it(make_ctx, tmp_path):
    program = Program()
    executable(tmp_path)
    ctx = make_ctx(shell=FakeShell({"make": program}), environ={"KEY": "hidden"})
    done = script.run(named(ctx), ctx, "rel/bin/make", "one", "two", env={"A": "b", "SECRET": Secret("env", "KEY")})
    (arguments, description, variables) = program.told[0]
    assert arguments == ("one", "two")
    assert (description["name"], description["version"], description["tree"]) == ("shop", "1.0", None)
    assert variables == {"A": "b", "SECRET": "hidden"}
    (made,) = done.contents
    assert (made.path, made.source.read_text()) == ("share/made", "1.0")


def test_script_with_inputs_runs_only_when_they_change(make_ctx, tmp_path):
    program = Program()
    executable(tmp_path)
    (tmp_path / "data").write_text("1")
    ctx = make_ctx(shell=FakeShell({"make": program}))
    for _ in range(2):
        done = script.run(assembled(ctx), ctx, "rel/bin/make", inputs=["data*"])
        assert "share/made" in found(done)
    assert len(program.told) == 1
    (tmp_path / "data").write_text("2")
    script.run(assembled(ctx), ctx, "rel/bin/make", inputs=["data*"])
    assert len(program.told) == 2
    (tmp_path / "rel/bin/make").write_text("#!/bin/sh\n# changed\n")
    script.run(assembled(ctx), ctx, "rel/bin/make", inputs=["data*"])
    script.run(assembled(ctx), ctx, "rel/bin/make", "argument", inputs=["data*"])
    assert len(program.told) == 4


def test_a_script_that_failed_runs_again(make_ctx, tmp_path):
    program = Program(status=1)
    executable(tmp_path)
    ctx = make_ctx(shell=FakeShell({"make": program}))
    for _ in range(2):
        with pytest.raises(ToolError):
            script.run(assembled(ctx), ctx, "rel/bin/make", inputs=["rel/*"])
    assert len(program.told) == 2


def test_inputs_can_only_be_compared_once_the_release_is_assembled(make_ctx, tmp_path):
    executable(tmp_path)
    ctx = make_ctx(shell=FakeShell({"make": Program()}))
    with pytest.raises(ConfigError, match="once the release is assembled"):
        script.run(named(ctx), ctx, "rel/bin/make", inputs=["x"])


def test_script_needs_an_executable(make_ctx, tmp_path):
    with pytest.raises(StepError, match="no file"):
        script.run(Release(), make_ctx(), "none")
    executable(tmp_path).chmod(0o644)
    with pytest.raises(StepError) as caught:
        script.run(Release(), make_ctx(), "rel/bin/make")
    assert caught.value.hint == "chmod +x rel/bin/make"


@pytest.mark.parametrize("name", ["fun", "shop.fun", "Shop.", "Shop.Fun.", "Shop.f(1)", ""])
def test_mix_takes_the_name_of_a_function(make_ctx, name):
    with pytest.raises(ConfigError, match=r"Module\.function"):
        mix.run(Release(), make_ctx(), name)


def phoenix_release(ctx, **given):
    member = Member("shop", "1.0", ctx.root, dependencies=("phoenix",), **given)
    application = Application(AppSpec("shop", "1.0"), Mode.PERMANENT, ctx.root, AppOrigin.PROJECT)
    return named(ctx, project={"members": (member,)}, applications=(application,))


class Mix:
    """Runs mix: makes assets."""

    def __init__(self, root):
        self.root = root
        self.runs = []

    def __call__(self, argv, *, cwd, env, stdin):
        self.runs.append((argv, cwd, env["MIX_ENV"]))
        static = self.root / "priv" / "static"
        static.mkdir(parents=True, exist_ok=True)
        (static / "app-1.css").write_text("css")
        return Completed(argv, 0)


def test_digest_runs_the_projects_own_alias_once(make_ctx, tmp_path):
    program = Mix(tmp_path)
    ctx = make_ctx(shell=FakeShell({"mix": program}))
    done = phoenix.digest.run(phoenix_release(ctx, aliases=("assets.deploy",)), ctx)
    assert program.runs == [(("mix", "assets.deploy"), tmp_path, "prod")]
    assert [(v.application, v.key, v.value) for v in done.config] == [("phoenix", "serve_endpoints", "true")]
    phoenix.digest.run(phoenix_release(ctx, aliases=("assets.deploy",)), ctx)
    assert len(program.runs) == 1


def test_digest_runs_phx_digest_where_there_is_no_alias(make_ctx, tmp_path):
    program = Mix(tmp_path)
    ctx = make_ctx(shell=FakeShell({"mix": program}))
    phoenix.digest.run(phoenix_release(ctx), ctx)
    assert program.runs[0][0] == ("mix", "phx.digest")


def test_digest_runs_again_when_a_source_changes(make_ctx, tmp_path):
    program = Mix(tmp_path)
    ctx = make_ctx(shell=FakeShell({"mix": program}))
    phoenix.digest.run(phoenix_release(ctx), ctx)
    (tmp_path / "assets.css").write_text("new")
    phoenix.digest.run(phoenix_release(ctx), ctx)
    assert len(program.runs) == 2


def test_digest_says_clearly_when_there_is_no_phoenix(make_ctx):
    ctx = make_ctx()
    with pytest.raises(ConfigError, match="no application of the release shop depends on phoenix"):
        phoenix.digest.run(named(ctx), ctx)


def test_digest_comes_before_assemble(make_ctx, tmp_path):
    ctx = make_ctx()
    release = phoenix_release(ctx)
    late = Release(**{**{name: getattr(release, name) for name in release.__slots__}, "tree": tmp_path})
    with pytest.raises(ConfigError) as caught:
        phoenix.digest.run(late, ctx)
    assert caught.value.hint == "put it before assemble()"


def test_digest_names_the_task_that_failed(make_ctx):
    ctx = make_ctx(shell=FakeShell({"mix": Completed(("mix",), 1, "esbuild: no such file")}))
    with pytest.raises(ToolError, match=r"mix phx\.digest failed") as caught:
        phoenix.digest.run(phoenix_release(ctx), ctx)
    assert caught.value.output == "esbuild: no such file"
