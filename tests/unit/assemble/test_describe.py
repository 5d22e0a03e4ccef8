"""Options of a release become fields of its definition."""

from __future__ import annotations

import pytest

from dray.assemble.describe import _strip_options
from dray.core.project import StripOptions
from dray.errors import ConfigError


@pytest.mark.parametrize(
    ("value", "options"),
    [
        (True, StripOptions()),
        (False, None),
        ({"keep": ["Docs"]}, StripOptions(("Docs",))),
        ({"compress": True}, StripOptions((), compress=True)),
    ],
)
def test_strip_beams_is_a_switch_or_says_what_to_keep(value, options):
    assert _strip_options(value) == options


def test_an_unknown_key_of_strip_beams_is_refused():
    with pytest.raises(ConfigError, match="strip_beams has keep and compress") as caught:
        _strip_options({"keeep": ["Docs"]})
    assert caught.value.suggestion() == "keep"
