"""A build is left out only when one before it has shown that it changes nothing, and nothing has changed since."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dray import Artifact, Release, parallel, step
from dray.assemble.hooks import add_hook_file
from dray.core.application import Application, AppOrigin, AppSpec, Mode
from dray.core.contents import File
from dray.core.erts import Erts
from dray.core.pipeline import as_pipeline
from dray.core.project import ReleaseDefinition
from dray.core.step_options import Overrides
from dray.core.upgrade import Input
from dray.disk import write_sealed
from dray.repeat import Repeat
from tests.unit.assemble.test_definition import project

FILES = (
    *("lib/shop.ex", "rel/overlays/x", "otp/lib/a-1/ebin/a.app", "out/bin/shop", "shop.tar", "seen/one"),
    *("_build/old/shop-1.tar.gz", "_build/base/releases/1/shop.rel"),
)
NOTHING = Overrides()
REPORT = {"release": {"name": "shop"}, "steps": []}


@step(repeatable=True)
def steady(release, ctx, *, level=1):
    return release


@step
def restless(release, ctx):
    return release


class World:
    """A project with a tree, an artifact and an OTP application."""

    def __init__(self, folder, ctx):
        self.root, self.ctx = folder, ctx
        for path in FILES:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(path)
        for path in ("hook.sh", "sys.config", "vm.args"):
            (folder.parent / path).write_text(path)
        spec = AppSpec(name="a", version="1")
        facts = project(root=folder, build_path=folder / "_build/prod")
        release = Release(
            name="shop",
            version="1",
            project=facts,
            definition=ReleaseDefinition(
                "shop", sys_config=folder.parent / "sys.config", vm_args=folder.parent / "vm.args"
            ),
            erts=Erts("1", folder / "otp", folder / "otp/lib"),
            applications=(Application(spec, Mode.PERMANENT, folder / "otp/lib/a-1", AppOrigin.OTP),),
            contents=(File("bin/shop", b"x"), File("etc/one", folder / "seen/one")),
            tree=folder / "out",
            artifacts=(Artifact("tar", folder / "shop.tar", 1, "0"),),
            inputs=(
                Input(folder / "_build/old", names_only=True),
                Input(folder / "_build/old/shop-1.tar.gz"),
                Input(folder / "_build/base"),
            ),
        )
        self.release = add_hook_file(release, folder, "pre_start", "../hook.sh")

    def repeat(self, pipeline=None, overrides=NOTHING):
        return Repeat(self.ctx, "build", as_pipeline(steady()) if pipeline is None else pipeline, overrides)

    def build(self, pipeline=None, *, change=lambda: None):
        """Return whether a build was left out."""
        repeat = self.repeat(pipeline)
        if repeat.find() is not None:
            return True
        change()
        repeat.remember(self.release, REPORT, ("careful",))
        return False

    def arm(self):
        assert [self.build() for _ in range(3)] == [False, False, True]


@pytest.fixture
def world(tmp_path, make_ctx):
    (tmp_path / "project").mkdir()
    ctx = make_ctx()
    return World(tmp_path / "project", replace(ctx, root=tmp_path / "project", work=tmp_path / "work"))


def test_the_third_of_equal_builds_is_left_out_with_its_report_and_warnings(world):
    world.arm()
    found = world.repeat().find()
    assert found.report == REPORT
    assert found.warnings == ("careful",)


def test_a_build_that_changed_something_proves_nothing(world):
    world.build()
    world.build(change=lambda: (world.root / "out/bin/shop").write_text("written by this build"))
    assert world.build() is False
    assert world.build() is True


EDITS = {
    "a source": lambda root: (root / "lib/shop.ex").write_text("lib/shop.eX"),
    "a new source": lambda root: (root / "lib/new.ex").write_text(""),
    "a removed source": lambda root: (root / "lib/shop.ex").unlink(),
    "an overlay": lambda root: (root / "rel/overlays/y").write_text(""),
    "a module of OTP": lambda root: (root / "otp/lib/a-1/ebin/b.beam").write_text(""),
    "another version in OTP": lambda root: (root / "otp/lib/a-2").mkdir(),
    "the tree": lambda root: (root / "out/bin/shop").write_text("!"),
    "a mode in the tree": lambda root: (root / "out/bin/shop").chmod(0o700),
    "a stranger in the tree": lambda root: (root / "out/bin/new").write_text(""),
    "an empty folder in the tree": lambda root: (root / "out/bin/empty").mkdir(),
    "the artifact": lambda root: (root / "shop.tar").unlink(),
    "a hook beside the project": lambda root: (root.parent / "hook.sh").write_text("other"),
    "the sys.config beside the project": lambda root: (root.parent / "sys.config").write_text("other"),
    "the vm.args beside the project": lambda root: (root.parent / "vm.args").unlink(),
    "an archive that was upgraded from": lambda root: (root / "_build/old/shop-1.tar.gz").write_text("other"),
    "another archive": lambda root: (root / "_build/old/shop-2.tar.gz").write_text(""),
    "a tree that was upgraded from": lambda root: (root / "_build/base/releases/1/shop.rel").write_text(""),
    "a single file": lambda root: (root / "seen/one").write_text("other"),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_every_change_is_built(world, edit):
    world.arm()
    edit(world.root)
    assert world.build() is False
    assert any(world.build() for _ in range(2)), "and then left out again"


def test_another_question_is_built(world, make_ctx):
    world.arm()
    assert world.repeat(as_pipeline(steady(level=2))).find() is None
    assert world.repeat(overrides=Overrides((("steady", "level", "2"),))).find() is None
    for changed in (
        {"env": "staging"},
        {"environ": {**world.ctx.environ, "SHOP": "1"}},
        {"settings": world.ctx.settings.merge("steady", "", {"level": 2}, None)},
        {"mix_arguments": ("--force",)},
    ):
        assert Repeat(replace(world.ctx, **changed), "build", as_pipeline(steady()), Overrides()).find() is None
    assert world.build() is True


@pytest.mark.parametrize(
    "pipeline", [steady() | restless(), steady() | parallel(steady(), restless())], ids=["step", "branch"]
)
def test_a_step_of_unknown_work_is_always_run(world, pipeline):
    assert [world.build(pipeline) for _ in range(4)] == [False] * 4


def test_functions_among_the_steps_of_mix_exs_are_always_run(world):
    world.release = replace(world.release, definition=ReleaseDefinition("shop", steps=("assemble", "Shop.pack/1")))
    assert [world.build() for _ in range(4)] == [False] * 4


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: data[:-9], lambda data: data.replace(b"1", b"2")])
def test_a_damaged_record_is_no_record(world, damage):
    world.arm()
    (record,) = (world.ctx.work / "repeat").iterdir()
    record.write_bytes(damage(record.read_bytes()))
    assert world.build() is False


def test_a_record_of_another_form_is_no_record(world):
    world.arm()
    (record,) = (world.ctx.work / "repeat").iterdir()
    write_sealed(record, b'{"question": "as another version of dray asked it"}')
    assert world.build() is False
