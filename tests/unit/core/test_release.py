"""A release is a value, and steps return other ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dray.core.contents import Digest, Directory, File, Symlink, normalise_mode, validate_path
from dray.core.release import Release
from dray.core.term import Atom
from dray.errors import StepError


def test_entries_are_sorted_and_the_later_one_wins():
    release = Release().add(File("b", b"1"), File("a", b"2")).add(File("b", b"3"))
    assert [(e.path, e.source) for e in release.contents] == [("a", b"2"), ("b", b"3")]


def test_adding_makes_a_new_release():
    empty = Release()
    empty.add(File("a", b""))
    assert empty.contents == ()


def test_removing_takes_what_lies_below_too():
    release = Release().add(File("share/a", b""), File("share/b/c", b""), File("shared", b""))
    assert [e.path for e in release.remove("share").contents] == ["shared"]


def test_a_changed_file_loses_its_digest():
    release = Release(digests={"a": Digest(1, "x"), "b": Digest(1, "y")}).add(File("a", b"new"))
    assert set(release.digests) == {"b"}


def test_an_entry_is_found_by_its_path():
    link = Symlink("current", "releases/1")
    assert Release().add(link, Directory("etc")).find("current") is link
    assert Release().find("nothing") is None


def test_configured_values_are_what_elixir_would_write():
    (value,) = Release().configure("phoenix", serve_endpoints=True).config
    assert (value.application, value.key, value.value) == ("phoenix", "serve_endpoints", Atom("true"))


@pytest.mark.parametrize(
    ("python", "term"),
    [
        ("text", b"text"),
        (None, Atom("nil")),
        (False, Atom("false")),
        ([1, "a"], [1, b"a"]),
        ({"key": 2.5}, [(Atom("key"), 2.5)]),
        (Atom("given"), Atom("given")),
    ],
)
def test_python_values_become_elixir_values(python, term):
    (value,) = Release().configure("app", key=python).config
    assert value.value == term
    assert type(value.value) is type(term)


def test_a_value_that_elixir_does_not_have_is_refused():
    with pytest.raises(TypeError):
        Release().configure("app", key=object())


@pytest.mark.parametrize("path", ["a", "a/b", ".hidden", "a/.hidden", "..a/b..", "a b/ü", "a/...", "a.b/c.d"])
def test_paths_inside_the_release_are_taken(path):
    validate_path(path)


@pytest.mark.parametrize(
    "path", ["", "/a", "a/", ".", "..", "a/..", "../a", "a//b", "a/./b", "./a", "a\0b", "a/../b"]
)
def test_paths_that_leave_the_release_are_refused(path):
    with pytest.raises(ValueError, match="relative"):
        File(path, b"")


@given(st.text(max_size=30))
def test_a_path_is_taken_exactly_if_all_its_parts_are_names(path):
    parts = path.split("/")
    fine = "\0" not in path and all(part not in {"", ".", ".."} for part in parts)
    try:
        validate_path(path)
    except ValueError:
        assert not fine
    else:
        assert fine


@pytest.mark.parametrize(("mode", "expected"), [(0o100644, 0o644), (0o755, 0o755), (0o700, 0o755), (0o600, 0o644)])
def test_modes_do_not_depend_on_the_umask(mode, expected):
    assert normalise_mode(mode) == expected


def test_configuring_an_assembled_release_is_an_error_since_its_configuration_is_written(tmp_path):
    with pytest.raises(StepError, match="cannot be changed after assemble") as caught:
        Release(tree=tmp_path).configure("shop", key=1)
    assert caught.value.hint == "put the step that configures before assemble()"
