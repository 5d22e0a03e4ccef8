"""Files that describe a release to OTP."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dray.beam.relfile import (
    RelApplication,
    RelFile,
    format_rel,
    format_releases,
    format_start_erl,
    parse_rel,
)
from dray.errors import IntegrityError

names = st.from_regex(r"[a-z][a-z0-9_]{0,12}", fullmatch=True)
versions = st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){0,3}", fullmatch=True)
applications = st.builds(
    RelApplication,
    names,
    versions,
    st.sampled_from(["permanent", "transient", "temporary", "load", "none"]),
    st.lists(names, max_size=3).map(tuple),
)
rels = st.builds(RelFile, names, versions, versions, st.lists(applications, max_size=6).map(tuple))


@given(rels)
def test_a_rel_file_reads_back(rel):
    assert parse_rel(format_rel(rel), file="x.rel") == rel


def test_short_forms_are_read():
    text = b'{release,{"a","1"},{erts,"13"},[{kernel,"8"},{b,"1",[c]},{d,"2",load,[e]}]}.'
    assert parse_rel(text, file="a.rel").applications == (
        RelApplication("kernel", "8"),
        RelApplication("b", "1", "permanent", ("c",)),
        RelApplication("d", "2", "load", ("e",)),
    )


@pytest.mark.parametrize("text", [b"x.", b'{release,{"a","1"},{erts,"13"},[x]}.', b""])
def test_another_file_is_refused(text):
    with pytest.raises(IntegrityError):
        parse_rel(text, file="a.rel")


def test_the_record_of_releases_can_be_moved_with_the_release():
    rel = RelFile("shop", "1.0", "13.1", (RelApplication("kernel", "8.5"),))
    assert b'{kernel,"8.5","lib/kernel-8.5"}' in format_releases(rel)
    assert format_releases(rel).strip().endswith(b"permanent}].")


def test_start_erl_data_has_no_line_end():
    assert format_start_erl("13.1", "1.0") == b"13.1 1.0"
