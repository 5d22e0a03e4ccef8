"""What a release is compared with: what was published, the base of the upgrade, what was announced from here."""

from __future__ import annotations

import json
import tarfile
from dataclasses import replace

import pytest

from dray.core.publication import Publication
from dray.core.upgrade import Upgrade, Verdict
from dray.notify.previous import Known, describe_release, find_previous, remember_announced
from tests.unit.notify.releases import app, git, make_release, open_context, write_commit

BASE = Upgrade("0.9.0", Verdict.HOT)


@pytest.fixture
def ctx(root):
    return open_context(root)


def published(previous="0.8.0-1", commit=""):
    return Publication("deb", "shop", "1.0.0-1", previous, commit)


def test_a_publication_counts_most(root, ctx):
    sha = git(root, "rev-parse", "HEAD")
    release = make_release(root, publications=(published(commit=sha),), upgrades=(BASE,))
    assert find_previous(release, ctx) == Known("0.8.0", sha)


def test_a_first_publication_leaves_it_to_the_upgrade(root, ctx):
    release = make_release(root, publications=(published(previous=""),), upgrades=(BASE,))
    assert find_previous(release, ctx) == Known("0.9.0")


def test_a_package_without_a_revision_has_the_versions_of_the_release(root, ctx):
    plain = Publication("deb", "shop", "1.0.0", "0.8.0")
    assert find_previous(make_release(root, publications=(plain,)), ctx) == Known("0.8.0")


def test_nothing_before_makes_a_first_release(root, ctx):
    assert find_previous(make_release(root), ctx) is None


def test_what_was_announced_from_here_is_remembered(root, ctx):
    first = make_release(root)
    remember_announced(first, ctx.work)
    write_commit(root, "apps/shop/a.ex", "Next")
    second = make_release(root, "1.1.0")
    assert find_previous(second, ctx) == describe_release(first)


def test_a_second_step_of_the_same_pipeline_compares_with_the_same(root, ctx):
    first, second = make_release(root), make_release(root, "1.1.0")
    remember_announced(first, ctx.work)
    remember_announced(second, ctx.work)
    assert find_previous(second, ctx) == describe_release(first)
    remember_announced(second, ctx.work)
    assert find_previous(second, ctx) == describe_release(first)


def test_the_same_version_of_another_commit_is_another_release(root, ctx):
    remember_announced(make_release(root), ctx.work)
    before = git(root, "rev-parse", "HEAD")
    write_commit(root, "apps/shop/a.ex", "Next")
    found = find_previous(make_release(root), ctx)
    assert (found.version, found.commit) == ("1.0.0", before)


def test_releases_of_one_project_are_remembered_apart(root, ctx):
    remember_announced(make_release(root), ctx.work)
    assert find_previous(make_release(root, "2", name="other"), ctx) is None


@pytest.mark.parametrize("damage", [b"", b"x", b"[1]", b'[{"version": 1}]', b"{}"])
def test_a_damaged_memory_is_none(root, ctx, damage):
    remember_announced(make_release(root), ctx.work)
    (ctx.work / "announced/shop.json").write_bytes(damage)
    assert find_previous(make_release(root, "1.1.0"), ctx) is None


@pytest.mark.parametrize("tag", ["v0.9.0", "0.9.0"])
def test_a_tag_names_the_commit_of_a_version(root, ctx, tag):
    sha = git(root, "rev-parse", "HEAD")
    git(root, "tag", tag)
    assert find_previous(make_release(root, upgrades=(BASE,)), ctx) == Known("0.9.0", sha)


def test_a_version_may_end_with_its_commit(root, ctx):
    sha = git(root, "rev-parse", "HEAD")
    for version in (f"0.9.0+{sha[:7]}", f"0.9.0+{sha[:7]}.dirty", f"0.9.0-4-g{sha[:9]}"):
        base = Upgrade(version, Verdict.HOT)
        assert find_previous(make_release(root, upgrades=(base,)), ctx) == Known(version, sha)


def test_the_base_of_an_upgrade_says_its_commit_and_versions_itself(root, ctx, tmp_path):
    sha = git(root, "rev-parse", "HEAD")
    facts = {
        "name": "shop",
        "version": "0.9.0",
        "commit": {"sha": sha, "time": 1, "dirty": False},
        "applications": [{"name": "shop", "version": "0.0.9"}],
        "files": [],
    }
    manifest = tmp_path / "_build/manifest.json"
    manifest.parent.mkdir(exist_ok=True)
    manifest.write_text(json.dumps(facts))
    place = tmp_path / "_build/shop-0.9.0.tar.gz"
    with tarfile.open(place, "w:gz") as packed:
        packed.add(manifest, "releases/0.9.0/manifest.json")
    base = replace(BASE, place=str(place))
    assert find_previous(make_release(root, upgrades=(base,)), ctx) == Known("0.9.0", sha, {"shop": "0.0.9"})


@pytest.mark.parametrize("place", ["", "/nonexistent", "mix.exs"])
def test_a_base_that_is_gone_says_nothing(root, ctx, place):
    base = replace(BASE, place=place and str(root / place))
    assert find_previous(make_release(root, upgrades=(base,)), ctx) == Known("0.9.0")


def test_the_applications_of_what_was_announced_are_known(root, ctx):
    before = replace(make_release(root, "0.9.0"), applications=(app("shop", "0.0.9"),))
    remember_announced(before, ctx.work)
    assert find_previous(make_release(root, upgrades=(BASE,)), ctx).applications == {"shop": "0.0.9"}
