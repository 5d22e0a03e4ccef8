"""Rehearsals: as a step of a pipeline, and of two builds that know nothing of each other."""

from __future__ import annotations

import json

import pytest

from tests.harness import EXAMPLES, build, copy_project, dray
from tests.upgrades import ask

pytestmark = pytest.mark.beam

CONFIG = """
from dray.config import config
from dray.steps import assemble, deb, rehearse, release, tar, upgrade

config("deb", maintainer="Ann Shop <ann@shop.example>")

plain = release("shop") | assemble() | tar()
packed = release("shop") | assemble() | deb()
build = release("shop") | assemble() | upgrade() | rehearse(load='test -n "$PORT"') | tar()
failing = release("shop") | assemble() | upgrade() | rehearse(load="exit 3")
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The example, with a package and an archive of 0.1.0 that were built without upgrades, and sources of 0.2.0."""
    project = copy_project(EXAMPLES / "shop_umbrella", tmp_path_factory.mktemp("rehearsed") / "shop_umbrella")
    (project / "rel/config.py").write_text(CONFIG)
    for pipeline in ("packed", "plain"):
        done = dray("run", pipeline, cwd=project)
        assert done.status == 0, done.err
    for path, old, new in (
        ("mix.exs", 'version: "0.1.0"', 'version: "0.2.0"'),
        ("apps/shop/lib/shop/goods.ex", "watts * 7", "watts * 8"),
    ):
        text = (project / path).read_text()
        assert old in text
        (project / path).write_text(text.replace(old, new))
    return project


def test_a_pipeline_rehearses_its_upgrades_once(project):
    assert "from 0.1.0: equal both ways, hot, longest pause" in build(project).err
    (project / "apps/shop/lib/shop/goods.ex").touch()
    assert "from 0.1.0: equal, as before" in build(project).err


def test_a_load_that_fails_fails_the_pipeline(project):
    done = dray("run", "failing", cwd=project)
    assert done.status == 1
    assert "the rehearsal of shop 0.1.0 -> 0.2.0 is not equal" in done.err
    assert "the load failed with status 3" in done.err


@pytest.mark.parametrize(
    ("pipeline", "old", "new"),
    [
        ("plain", "last", "_build/prod/rel/shop"),
        ("packed", "_build/prod/shop_0.1.0-1_amd64.deb", "_build/prod/shop_0.2.0-1_amd64.deb"),
    ],
    ids=["tar and tree", "packages"],
)
def test_an_upgrade_is_generated_for_a_build_without_one(project, pipeline, old, new):
    done = dray("run", pipeline, cwd=project)
    assert done.status == 0, done.err
    assert not list(project.glob("_build/prod/rel/shop/releases/*/relup"))
    done = dray("rehearse", old, new, "--json", cwd=project)
    assert done.status == 0, done.out + done.err
    assert "0.2.0 carries no upgrade from 0.1.0: generating one" in done.err
    report = json.loads(done.out)
    assert report["equal"], done.out
    assert [report[way]["mode"] for way in ("up", "down")] == ["hot", "hot"]
    assert not list(project.glob("_build/prod/rel/shop/releases/*/relup"))


NEEDED = """
:pang = Node.ping(:"nobody@#{Node.self() |> to_string() |> String.split("@") |> Enum.at(1)}")
{:ok, _} = :timer.send_after(1_000_000, :late)
{:ok, _} = :dets.open_file(:kept, file: ~c"FOLDER/kept")
{:ok, _} = :disk_log.open(name: :written, file: ~c"FOLDER/written")
"""


def test_services_that_otp_starts_when_they_are_needed_are_no_difference(installed, require_fresh):
    with installed().running() as launcher:
        before = ask(launcher, "length(Process.registered())")
        ask(launcher, NEEDED.replace("FOLDER", launcher.env["RELEASE_TMP"]))
        assert int(ask(launcher, "length(Process.registered())")) > int(before) + 4
        require_fresh(launcher, "0.1.0")


def test_two_builds_of_one_version_are_refused(project):
    done = dray("rehearse", "_build/prod/rel/shop", "_build/prod/rel/shop", cwd=project)
    assert done.status == 1
    assert "both releases have the version 0.2.0" in done.err
