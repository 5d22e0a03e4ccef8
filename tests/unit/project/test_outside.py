"""What a project is compiled from is known wherever it lies."""

from __future__ import annotations

from pathlib import Path

import pytest

from dray.project.places import is_seen, list_version_files


@pytest.mark.parametrize(
    ("place", "seen"),
    [
        ("/p/lib/a.ex", True),
        ("/p/node_modules/x/package.json", False),
        ("/p/_build/made.ex", False),
        ("/shared/a.ex", False),
        ("/pp/a.ex", False),
    ],
)
def test_a_snapshot_sees_what_lies_in_the_project_and_is_not_ignored(place, seen):
    assert is_seen(Path(place), Path("/p")) == seen


def test_version_files_are_looked_for_above_the_project_and_at_home():
    found = list_version_files(Path("/a/b"), Path("/home/u"))
    assert {Path(p) for p in ("/a/b/.tool-versions", "/.tool-versions", "/home/u/.config/mise/config.toml")} <= {
        *found
    }
