"""Hooks are files of the release, in the order in which they were added, each with its origin."""

from __future__ import annotations

import pytest

from dray.assemble.content import read_source
from dray.assemble.hooks import add_hook_file, add_project_hooks
from dray.core.hook import HOOK_POINTS, HookPoint, add_hook, parse_point
from dray.core.release import Release
from dray.core.settings import EMPTY
from dray.errors import ConfigError, Location

RELEASE = Release(name="shop", version="1.0")


def sources(release):
    """Return the hooks of a release by their paths, below its version's folder."""
    return {entry.path.removeprefix("releases/1.0/hooks/"): read_source(entry.source) for entry in release.contents}


def test_hooks_are_numbered_by_point_in_the_order_in_which_they_were_added():
    release = add_hook(RELEASE, "pre_start", b"one\n", origin="rel/hooks/pre_start/b.sh")
    release = add_hook(release, "pre_start", b"two\n", origin="rel/a.sh")
    release = add_hook(release, "status", b"three\n", origin="a_step")
    assert sources(release) == {
        "pre_start/001-b.sh": b"# rel/hooks/pre_start/b.sh\none\n",
        "pre_start/002-a.sh": b"# rel/a.sh\ntwo\n",
        "status/001-a_step.sh": b"# a_step\nthree\n",
    }


def test_files_come_before_the_configuration(tmp_path):
    for path in ("rel/hooks/pre_stop/b.sh", "rel/hooks/pre_stop/a.sh", "rel/hooks/pre_stop/README", "rel/c.sh"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("true\n")
    settings = EMPTY.merge("hooks", "", {"pre_stop": ["rel/c.sh"]}, None)
    assert sources(add_project_hooks(RELEASE, tmp_path, settings)) == {
        "pre_stop/001-a.sh": b"# rel/hooks/pre_stop/a.sh\ntrue\n",
        "pre_stop/002-b.sh": b"# rel/hooks/pre_stop/b.sh\ntrue\n",
        "pre_stop/003-c.sh": b"# rel/c.sh\ntrue\n",
    }


def test_a_project_without_hooks_has_none(tmp_path):
    assert add_project_hooks(RELEASE, tmp_path, EMPTY) == RELEASE


def test_a_folder_that_is_no_point_is_an_error_with_a_suggestion(tmp_path):
    (tmp_path / "rel/hooks/pre_strat").mkdir(parents=True)
    with pytest.raises(ConfigError, match="there is no hook point pre_strat") as caught:
        add_project_hooks(RELEASE, tmp_path, EMPTY)
    assert caught.value.suggestion() == "pre_start"


def test_a_file_without_its_suffix_is_an_error_and_notes_beside_hooks_are_none(tmp_path):
    folder = tmp_path / "rel/hooks/pre_start"
    folder.mkdir(parents=True)
    for name in ("README.md", ".gitkeep", "migrate.sh~"):
        (folder / name).write_text("")
    assert add_project_hooks(RELEASE, tmp_path, EMPTY) == RELEASE
    (folder / "migrate").write_text("")
    with pytest.raises(ConfigError, match=r"rel/hooks/pre_start/migrate does not end in \.sh"):
        add_project_hooks(RELEASE, tmp_path, EMPTY)


def test_a_missing_file_is_an_error_with_the_line_that_names_it(tmp_path):
    location = Location("rel/config.py", 4)
    settings = EMPTY.merge("hooks", "", {"pre_start": "rel/none.sh"}, location)
    with pytest.raises(ConfigError, match=r"the hook rel/none\.sh for pre_start is missing") as caught:
        add_project_hooks(RELEASE, tmp_path, settings)
    assert caught.value.location == location
    with pytest.raises(ConfigError, match="is missing"):
        add_hook_file(RELEASE, tmp_path, "pre_start", "rel/none.sh")


def test_every_point_says_what_it_is_for():
    assert list(HOOK_POINTS) == list(HookPoint)
    assert parse_point("status") is HookPoint.STATUS
