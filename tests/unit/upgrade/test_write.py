"""A release in a folder gets its upgrades as one of a pipeline does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dray.core.upgrade import Upgrade, Verdict
from dray.upgrade.build import read_build
from dray.upgrade.generate import GeneratedUpgrade, Ways
from dray.upgrade.write import write_upgrade
from tests.unit.upgrade.releases import app, make_boot, write_build

GENERATED = GeneratedUpgrade(
    "1.0",
    {"shop": "0.1.0+abcdef"},
    (("lib/shop-0.1.0+abcdef/ebin/shop.appup", b"appup"),),
    (Ways(Upgrade("0.9", Verdict.RESTART, ("because",))),),
)


@pytest.fixture
def tree(tmp_path):
    boot, text = make_boot([("shop", "0.1.0")])
    files = {"releases/1.0/start.boot": boot, "releases/1.0/start.script": text}
    tree = write_build(tmp_path / "tree", apps={"shop": app("m", files={"priv/tool": b"x"})}, files=files)
    (tree / "tool").symlink_to("lib/shop-0.1.0/priv/tool")
    (tree / "other").symlink_to("elsewhere")
    return tree


def test_the_folder_is_the_release_with_new_versions(tree):
    write_upgrade(GENERATED, read_build(tree), tree)
    again = read_build(tree)
    assert again.side.applications["shop"] == again.read_spec("shop").version == "0.1.0+abcdef"
    assert not (tree / "lib/shop-0.1.0").exists()
    assert (tree / "tool").read_bytes() == b"x"
    assert str((tree / "other").readlink()) == "elsewhere"
    boot, text = make_boot([("shop", "0.1.0+abcdef")])
    assert (tree / "releases/1.0/start.boot").read_bytes() == boot
    assert (tree / "releases/1.0/start.script").read_bytes() == text
    assert (tree / "lib/shop-0.1.0+abcdef/ebin/shop.appup").read_bytes() == b"appup"
    assert (tree / "releases/1.0/upgrade/from/0.9").read_text() == "restart\nbecause\n"


def test_without_new_versions_files_are_only_added(tree):
    before = (tree / "releases/1.0/start.boot").stat().st_mtime_ns
    write_upgrade(replace(GENERATED, versions={}, appups=()), read_build(tree), tree)
    assert (tree / "lib/shop-0.1.0/ebin/m.beam").is_file()
    assert (tree / "releases/1.0/start.boot").stat().st_mtime_ns == before
    assert (tree / "releases/1.0/upgrade/from/0.9").is_file()
