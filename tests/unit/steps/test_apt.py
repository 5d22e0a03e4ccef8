"""The step apt publishes what deb has made."""

from __future__ import annotations

import pytest

from dray.core.artifact import Artifact
from dray.core.publication import Publication
from dray.core.release import Release
from dray.core.secret import Secret
from dray.core.settings import EMPTY
from dray.core.step_options import Overrides, resolve_step
from dray.errors import ConfigError, RepositoryError
from dray.repository.keys import generate_key
from dray.repository.options import AptOptions
from dray.steps import apt
from tests.debs import write_deb
from tests.fakes import FakeConsole


@pytest.fixture
def run(make_ctx, tmp_path):
    console = FakeConsole()
    key = generate_key("Shop", valid_days=0)[0]

    def do(version, step=None, **config):
        path = write_deb(tmp_path / "debs", version=version, Dray_Commit=f"c{version}")
        release = Release(name="shop").with_artifact(Artifact("deb", path, 0, ""))
        ctx = make_ctx(settings=EMPTY.merge("apt", "", config, None), environ={"KEY": key}, console=console)
        options = resolve_step(step or apt("repo", key=Secret("env", "KEY")), ctx.settings, Overrides())
        return apt.run(release, ctx, *options.positional, **options.named), console

    return do


def test_the_options_are_those_of_a_publication():
    assert [option.name for option in apt.options] == [*AptOptions.__dataclass_fields__]
    assert not apt.repeatable
    assert not apt.reads_tree


def test_packages_are_published_below_the_project(run, tmp_path):
    release, console = run("1.0")
    assert release.publications == (Publication("repo", "shop", "1.0"),)
    assert (tmp_path / "repo/dists/stable/InRelease").is_file()
    assert (tmp_path / "repo/shop-archive-keyring.gpg").is_file()
    assert console.lines == ["result: shop 1.0 in repo stable"]
    release, console = run("1.1", rollout=10, keep=5)
    assert release.publications == (Publication("repo", "shop", "1.1", "1.0", "c1.0", 10),)
    assert console.lines[-1] == "result: shop 1.1 in repo stable, for 10 % of the hosts"


def test_what_goes_wrong_is_said(run, make_ctx):
    with pytest.raises(ConfigError, match="no step has made one"):
        apt.run(Release(name="shop"), make_ctx(), "repo")
    with pytest.raises(ConfigError, match="a repository is a folder"):
        run("1.0", apt("ftp://x", key=Secret("env", "KEY")))
    with pytest.raises(ConfigError, match="has no value"):
        run("1.0", apt("repo", key=Secret("env", "NONE")))
    run("1.0")
    with pytest.raises(RepositoryError, match="newer"):
        run("0.9")
