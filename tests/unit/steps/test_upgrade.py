"""The step upgrade: where it looks, what it adds, what it refuses."""

from __future__ import annotations

import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from dray.core.application import Application, AppOrigin, Mode
from dray.core.artifact import Artifact
from dray.core.contents import File
from dray.core.project import ReleaseDefinition
from dray.core.release import Release
from dray.core.upgrade import Input
from dray.errors import ConfigError, StepError
from dray.steps import upgrade
from tests.fakes import FakeConsole
from tests.unit.assemble.test_definition import project
from tests.unit.upgrade.fake_otp import otp_shell
from tests.unit.upgrade.releases import RUNTIME, app, list_files, make_beam, make_boot, make_build, write_build

CHANGED = ("m", make_beam("m", code=b"new"))


@pytest.fixture
def ctx(make_ctx):
    return make_ctx(shell=otp_shell(), console=FakeConsole())


def run_upgrade(release, ctx, *bases, **options):
    """Run the step without the nodes that it would start of each base, which are not fakes."""
    return upgrade.run(release, ctx, *bases, check=False, **options)


def assembled(ctx, *modules, version="2", **given):
    """Return a release as assemble leaves it, its tree not written."""
    apps = {"shop": app(*modules)}
    boot, script = make_boot([("shop", "0.1.0")])
    files = {"releases/2/start.boot": boot, "releases/2/start.script": script}
    build = make_build(version, apps=apps)
    return Release(
        name="shop",
        version=version,
        project=project(root=ctx.root, build_path=ctx.root / "_build/prod"),
        definition=ReleaseDefinition("shop"),
        applications=tuple(
            Application(
                build.read_spec(name),
                Mode.PERMANENT,
                Path("/x"),
                AppOrigin.OTP if name in RUNTIME else AppOrigin.PROJECT,
            )
            for name in build.side.applications
        ),
        tree=ctx.root / "_build/prod/rel/shop",
        **given,
    ).add(*(File(path, data) for path, data in list_files(version, apps=apps, files=files).items()))


def archive(ctx, *modules, version="1"):
    """Put the archive of a release where the step tar does, and return it."""
    tree = write_build(ctx.root / "trees" / version, version, apps={"shop": app(*modules)})
    path = ctx.root / f"_build/prod/shop-{version}.tar.gz"
    with tarfile.open(path, "w:gz") as packed:
        packed.add(tree, arcname=".")
    return path


def test_a_first_version_stays_as_it_is(ctx):
    release = assembled(ctx, "m")
    done = run_upgrade(release, ctx)
    assert (done.contents, done.upgrades) == (release.contents, ())
    assert ctx.console.lines == ["result: no earlier version of shop to upgrade from"]


def test_the_last_archive_is_upgraded_from(ctx):
    path = archive(ctx, "m")
    done = run_upgrade(assembled(ctx, CHANGED), ctx)
    version = next(item.version for item in done.applications if item.name == "shop")
    assert version.startswith("0.1.0+")
    paths = {entry.path for entry in done.contents}
    assert {f"lib/shop-{version}/ebin/shop.appup", "releases/2/relup", "releases/2/upgrade/from/1"} <= paths
    assert [(item.base, item.verdict.value) for item in done.upgrades] == [("1", "hot")]
    assert done.inputs == (Input(path.parent, names_only=True), Input(path))
    assert ctx.console.lines == ["result: from 1: hot"]


def test_bases_can_be_named_one_or_several(ctx):
    path = archive(ctx, "m")
    one = run_upgrade(assembled(ctx, CHANGED), ctx, "trees/1")
    assert one.inputs == (Input(ctx.root / "trees/1"),)
    archive(ctx, "m", "n", version="0")
    both = run_upgrade(assembled(ctx, CHANGED), ctx, [str(path), "trees/0"])
    assert [item.base for item in both.upgrades] == ["1", "0"]
    mixed = run_upgrade(assembled(ctx, CHANGED), ctx, ("last", "trees/1"))
    assert [item.base for item in mixed.upgrades] == ["0", "1"]


def test_a_restart_is_told_with_its_reasons(ctx):
    archive(ctx, "m")
    release = assembled(ctx, CHANGED).remove("erts-13.1")
    done = run_upgrade(release, ctx)
    reason = "the new release has no runtime of its own: OTP would look for its versions in the host's"
    assert done.upgrades[0].reasons == (reason,)
    assert ctx.console.lines == [f"result: from 1: restart: {reason}"]


def test_a_restart_can_be_made_an_error(ctx):
    archive(ctx, "m")
    with pytest.raises(StepError, match="the upgrade from 1 needs a restart: the new release has no runtime"):
        run_upgrade(assembled(ctx, CHANGED).remove("erts-13.1"), ctx, require="hot")
    assert run_upgrade(assembled(ctx, CHANGED), ctx, require="hot").upgrades[0].reasons == ()


def test_old_code_can_be_purged_brutally(ctx):
    archive(ctx, "m")
    for purge in ("soft", "brutal"):
        done = run_upgrade(assembled(ctx, CHANGED), ctx, purge=purge)
        (appup,) = [entry.source for entry in done.contents if entry.path.endswith(".appup")]
        assert f"{{load_module,m,{purge}_purge,{purge}_purge,[]}}" in appup.decode()


def test_an_appup_of_the_project_counts(ctx):
    archive(ctx, "m")
    folder = ctx.root / "rel/appups"
    folder.mkdir(parents=True)
    (folder / "shop.appup").write_text('{"0.1.0",[{"0.1.0",[]}],[{"0.1.0",[]}]}.')
    with pytest.raises(StepError, match=r"the appup of shop leaves out .*: m \(load\)"):
        run_upgrade(assembled(ctx, CHANGED), ctx)
    (folder / "shop.appup").write_text('{"0.0.1",[],[]}.')
    run_upgrade(assembled(ctx, CHANGED), ctx)
    assert ctx.console.lines[0].startswith("warning: rel/appups/shop.appup is for shop 0.0.1, not 0.1.0+")


PLACES = {
    "before assemble": ({"tree": None}, "put upgrade() after assemble()"),
    "after tar": ({"artifacts": (Artifact("tar", Path("x.tar.gz"), 1, ""),)}, "put upgrade() before tar()"),
}


@pytest.mark.parametrize(("change", "hint"), PLACES.values(), ids=PLACES)
def test_another_place_in_the_pipeline_is_refused(ctx, change, hint):
    with pytest.raises(ConfigError) as caught:
        run_upgrade(replace(assembled(ctx, "m"), **change), ctx)
    assert caught.value.hint == hint


def test_a_base_that_is_not_there_is_refused(ctx):
    with pytest.raises(ConfigError, match=r"there is no release at .*old\.tar"):
        run_upgrade(assembled(ctx, "m"), ctx, "old.tar")
