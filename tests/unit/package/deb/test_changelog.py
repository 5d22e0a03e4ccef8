"""Changelogs: from Markdown and tags to what Debian reads."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dray.package.deb.changelog import Change, changes_of_tags, format_changelog, parse_changelog

MARKDOWN = """\
# Changelog

## Unreleased
- Not yet.

## [1.2.0] - 2026-03-01
### Added
- Lamps that are
  dimmable
* Books

## v1.1.0 (2026-01-15)

- Fewer songs

## 1.0.0-rc.1
Nothing to tell.
"""


def format_(changes, **given):
    values = {
        "package": "shop",
        "version": "1.2.0-1",
        "current": "1.2.0",
        "maintainer": "Ann <ann@shop.example>",
        "time": 0,
    }
    return format_changelog(changes, **{**values, **given})


def test_the_versions_of_a_markdown_file_are_found_with_their_dates_and_items():
    changes = parse_changelog(MARKDOWN)
    assert [(change.version, change.items) for change in changes] == [
        ("1.2.0", ("Lamps that are dimmable", "Books")),
        ("1.1.0", ("Fewer songs",)),
        ("1.0.0-rc.1", ()),
    ]
    assert [change.time for change in changes] == [1772323200, 1768435200, 0]


def test_tags_that_name_no_version_are_left_out():
    tags = (("v1.1.0", 200, ("Fix it",)), ("nightly", 150, ()), ("1.0.0", 100, ("Begin",)))
    assert changes_of_tags(tags) == (Change("1.1.0", 200, ("Fix it",)), Change("1.0.0", 100, ("Begin",)))


def test_the_newest_entry_is_of_the_version_that_is_packed():
    text = format_(parse_changelog(MARKDOWN))
    assert text.startswith(
        "shop (1.2.0-1) unstable; urgency=medium\n\n  * Lamps that are dimmable\n  * Books\n\n"
        " -- Ann <ann@shop.example>  Sun, 01 Mar 2026 00:00:00 +0000\n\nshop (1.1.0-1) unstable"
    )
    assert "shop (1.0.0~rc.1-1)" in text
    assert "Not yet" not in text


def test_newer_versions_than_the_packed_one_are_not_told():
    text = format_(parse_changelog(MARKDOWN), version="1.1.0-1", current="1.1.0")
    assert (text.startswith("shop (1.1.0-1)"), "1.2.0" in text) == (True, False)


def test_a_project_without_a_changelog_has_one_entry():
    assert format_(()) == (
        "shop (1.2.0-1) unstable; urgency=medium\n\n  * Release 1.2.0.\n\n"
        " -- Ann <ann@shop.example>  Thu, 01 Jan 1970 00:00:00 +0000\n"
    )


@given(st.text(max_size=300))
def test_any_text_gives_an_entry_for_the_packed_version(text):
    assert format_(parse_changelog(text)).startswith("shop (1.2.0-1) unstable; urgency=medium\n\n  * ")
