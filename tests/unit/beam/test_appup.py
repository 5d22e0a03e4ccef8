"""``.appup`` files are read and written, and versions are looked up as OTP does it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dray.beam.appup import Appup, Entry, find_entry, format_appup, parse_appup
from dray.errors import IntegrityError
from tests.strategies import terms

versions = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=10)
entries = st.lists(
    st.builds(Entry, versions, st.lists(terms.filter(lambda term: type(term) is not int), max_size=3).map(tuple)),
    max_size=3,
)


@given(versions, entries.map(tuple), entries.map(tuple))
def test_an_appup_is_read_as_it_was_written(version, up, down):
    appup = Appup(version, up, down)
    assert parse_appup(format_appup(appup), file="x.appup") == appup


MATCHES = {
    "the version itself": ("1.0", "1.0", True),
    "another one": ("1.0", "1.1", False),
    "a string is no pattern": ("1..", "1.0", False),
    "a pattern": (rb"1\.[0-9]+", "1.12", True),
    "a pattern matches the whole": (rb"1\.0", "1.0.1", False),
    "not only the end": (rb"\.0", "1.0", False),
    "a longer alternative that comes second does not": (b"1|1.0", "1.0", False),
    "classes of POSIX": (rb"1\.[[:digit:]]+", "1.42", True),
    "named groups of Perl": (rb"(?<major>\d)\.0", "1.0", True),
    "looking behind stays": (rb"1(?<=1)\.0", "1.0", True),
    "the end in Perl's way": (rb"1\.0\z", "1.0", True),
    "a suffix of dray's": (rb"0\.1\.0(\+[0-9a-f]{6})?", "0.1.0+3f2a9c", True),
    "letters beyond ASCII": ("1.ü".encode(), "1.ü", True),
}


@pytest.mark.parametrize(("version", "asked", "found"), MATCHES.values(), ids=MATCHES)
def test_a_version_is_looked_up_as_otp_does_it(version, asked, found):
    assert Entry(version, ()).matches(asked) is found


def test_the_first_entry_for_a_version_counts():
    one, two = Entry(rb"1\..*", ()), Entry("1.0", ())
    assert find_entry((one, two), "1.0") is one
    assert find_entry((two, one), "1.0") is two
    assert find_entry((one, two), "2.0") is None


@pytest.mark.parametrize(
    "text",
    ["", "{a}.", '{"1",[]}.', '{"1",[{a,[]}],[]}.', '{"1",[{"0"}],[]}.', '{"1",[{<<"(">>,[]}],[]}.', '{"1",x,[]}.'],
)
def test_what_is_no_appup_is_refused_by_name(text):
    with pytest.raises(IntegrityError) as caught:
        parse_appup(text.encode(), file="shop.appup")
    assert caught.value.location is not None
    assert caught.value.location.file == "shop.appup"
