"""What a notification says holds no secret: neither whole nor in part, neither of Slack nor of the configuration."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dray.core.secret import Secret
from dray.core.settings import EMPTY
from dray.notify.secrets import list_secrets, redact
from tests.fakes import make_context

HOOK = "https://hooks.slack.com/services/T024BE7LH/B08ABCDEF/XXXXXXXXXXXXXXXX"


@pytest.mark.parametrize(
    ("text", "secret", "shown"),
    [
        (f"cannot open {HOOK}", HOOK, "cannot open ***"),
        ("POST /services/T024BE7LH/B08ABCDEF/XXXXXXXXXXXXXXXX failed", HOOK, "POST *** failed"),
        ("no XXXXXXXXXXXXXXXX", HOOK, "no ***"),
        ("hooks.slack.com refused", HOOK, "hooks.slack.com refused"),
        ("bad token xoxb-1", "xoxb-1", "bad token ***"),
        ("login of ops with p@ss refused", "mailto://ops:p%40ss@mail.example", "login of ops with *** refused"),
        ("port 587", "mailto://ops:geheim@mail.example:587", "port 587"),
        ("key=abcdef1 and abcdef1", "json://x.example/?key=abcdef1", "*** and ***"),
        ("nothing", "", "nothing"),
        ("[", "https://[broken", "["),
    ],
)
def test_a_secret_is_left_out(text, secret, shown):
    assert redact(text, (secret,)) == shown


@given(st.text(), st.text(min_size=4), st.text())
def test_no_secret_is_left(before, secret, after):
    assert secret not in redact(before + secret + after, (secret,)).replace("***", "")


def test_the_secrets_of_the_configuration_count_too(tmp_path):
    settings = EMPTY.merge("script", "", {"env": {"KEY": Secret("env", "KEY"), "NONE": Secret("env", "NONE")}}, None)
    ctx = make_context(tmp_path, settings=settings, environ={"KEY": "hunter22"})
    assert list_secrets(ctx, "other") == ("other", "hunter22")
