"""One time for all entries: what is asked for, else the commit's, else a fixed one."""

from __future__ import annotations

import pytest

from dray.core.project import Commit
from dray.errors import UsageError
from dray.package.timestamp import NO_DATE, source_date

COMMIT = Commit("a" * 40, 1234, dirty=False)


def test_the_variable_wins():
    assert source_date({"SOURCE_DATE_EPOCH": "99"}, COMMIT) == 99


def test_the_commit_comes_next_and_a_fixed_date_last():
    assert source_date({}, COMMIT) == 1234
    assert source_date({}, None) == NO_DATE


@pytest.mark.parametrize("text", ["", "-1", "yesterday", "1.5"])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(UsageError):
        source_date({"SOURCE_DATE_EPOCH": text}, COMMIT)
