"""A secret is read when it is used, and seen by nobody."""

from __future__ import annotations

import pytest

from dray.core.secret import Secret
from dray.errors import ConfigError, Location

PLACE = Location("rel/config.py", 3)


@pytest.mark.parametrize("use", [str, bool, len, list, lambda s: f"{s}", lambda s: s == "x", lambda s: "a" + s])
def test_using_a_secret_as_text_is_refused(use):
    with pytest.raises(ConfigError, match="is read when a step uses it") as caught:
        use(Secret("env", "TOKEN", location=PLACE))
    assert caught.value.location == PLACE


def test_its_name_can_be_shown_and_its_value_is_not_there(make_ctx):
    ctx = make_ctx(environ={"TOKEN": "hidden"})
    assert repr(Secret("env", "TOKEN")) == 'env("TOKEN")'
    assert ctx.reveal(Secret("env", "TOKEN")) == "hidden"


def test_plain_text_is_revealed_as_it_is(make_ctx):
    assert make_ctx().reveal("text") == "text"


def test_a_missing_variable_is_an_error_that_says_what_to_type(make_ctx):
    with pytest.raises(ConfigError) as caught:
        make_ctx().reveal(Secret("env", "TOKEN", location=PLACE))
    assert caught.value.hint == "export TOKEN=..."


def test_a_default_stands_in(make_ctx):
    assert make_ctx().reveal(Secret("env", "TOKEN", "given")) == "given"


def test_a_file_is_read_without_its_last_line_end(make_ctx, tmp_path):
    (tmp_path / "key").write_text("secret\n")
    assert make_ctx().reveal(Secret("file", str(tmp_path / "key"))) == "secret"
    with pytest.raises(ConfigError):
        make_ctx().reveal(Secret("file", str(tmp_path / "none")))
