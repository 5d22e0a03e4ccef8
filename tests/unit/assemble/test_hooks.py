"""Hooks are files of the release, in the order in which they were added, each with its origin."""

from __future__ import annotations

import pytest

from dray.assemble.hooks import add_hooks, find_hooks
from dray.core.hook import HOOK_POINTS, Hook, HookPoint, parse_point, read_hook
from dray.core.release import Release
from dray.core.settings import EMPTY
from dray.errors import ConfigError, Location

RELEASE = Release(name="shop", version="1.0")


def test_hooks_are_numbered_by_point_in_the_order_in_which_they_were_added():
    first = Hook(HookPoint.PRE_START, "rel/hooks/pre_start/b.sh", b"one\n")
    second = Hook(HookPoint.PRE_START, "rel/a.sh", b"two\n")
    other = Hook(HookPoint.STATUS, "rel/a.sh", b"three\n")
    release = add_hooks(add_hooks(RELEASE, [first]), [second, other])
    assert {entry.path: entry.source for entry in release.contents} == {
        "releases/1.0/hooks/pre_start/001-b.sh": b"# rel/hooks/pre_start/b.sh\none\n",
        "releases/1.0/hooks/pre_start/002-a.sh": b"# rel/a.sh\ntwo\n",
        "releases/1.0/hooks/status/001-a.sh": b"# rel/a.sh\nthree\n",
    }


def test_files_come_before_the_configuration(tmp_path):
    for path in ("rel/hooks/pre_stop/b.sh", "rel/hooks/pre_stop/a.sh", "rel/hooks/pre_stop/README", "rel/c.sh"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("")
    settings = EMPTY.merge("hooks", "", {"pre_stop": ["rel/c.sh"]}, None)
    origins = [hook.origin for hook in find_hooks(tmp_path, settings)]
    assert origins == ["rel/hooks/pre_stop/a.sh", "rel/hooks/pre_stop/b.sh", "rel/c.sh"]


def test_a_project_without_hooks_has_none(tmp_path):
    assert list(find_hooks(tmp_path, EMPTY)) == []


def test_a_folder_that_is_no_point_is_an_error_with_a_suggestion(tmp_path):
    (tmp_path / "rel/hooks/pre_strat").mkdir(parents=True)
    with pytest.raises(ConfigError, match="there is no hook point pre_strat") as caught:
        list(find_hooks(tmp_path, EMPTY))
    assert caught.value.suggestion() == "pre_start"


def test_a_missing_file_is_an_error_with_the_line_that_names_it(tmp_path):
    location = Location("rel/config.py", 4)
    settings = EMPTY.merge("hooks", "", {"pre_start": "rel/none.sh"}, location)
    with pytest.raises(ConfigError, match=r"the hook rel/none\.sh for pre_start is missing") as caught:
        list(find_hooks(tmp_path, settings))
    assert caught.value.location == location
    with pytest.raises(ConfigError, match="is missing"):
        read_hook(tmp_path, "pre_start", "rel/none.sh")


def test_every_point_says_what_it_is_for():
    assert list(HOOK_POINTS) == list(HookPoint)
    assert parse_point("status") is HookPoint.STATUS
