"""A release that gets another version afterwards is what a build with that version makes."""

from __future__ import annotations

import pytest

from tests.harness import EXAMPLES, build, copy_project
from tests.trees import assert_same_tree, read_tree

pytestmark = pytest.mark.beam

RENAME = """
from dray.steps import assemble, release, upgrade
from dray.upgrade.rename_version import rename_version

def rename(release):
    return rename_version(release, "0.2.0+3f2a9c")

build = release({name!r}) | assemble() | rename
"""


@pytest.mark.parametrize(
    ("project", "name"), [(EXAMPLES / "shop_umbrella", "shop"), ("providers", "providers"), ("rebar", "counter")]
)
def test_renamed_release_is_the_one_that_was_built_so(tmp_path, project, name):
    root = copy_project(project, tmp_path / "project")
    (root / "rel").mkdir(exist_ok=True)
    config = root / "rel/config.py"
    config.write_text(RENAME.format(name=name).replace(" | rename", ""))
    build(root, "--version", "0.2.0+3f2a9c")
    wanted = read_tree(root / f"_build/prod/rel/{name}")
    config.write_text(RENAME.format(name=name))
    build(root, "--version", "0.1.0")
    assert_same_tree(read_tree(root / f"_build/prod/rel/{name}"), wanted)
