"""How Slack is reached: what the step was given comes first, then what the environment has."""

from __future__ import annotations

import pytest

from dray.core.secret import Secret
from dray.errors import ConfigError, DrayError, StepError
from dray.notify.access import SlackOptions, find_sender, list_access_secrets
from dray.notify.mention import format_mention
from dray.notify.slack import API, Bot, Webhook
from tests.fakes import make_context

HOOK = "https://hooks.slack.com/services/T/B/X"
ENVIRON = {"MY_TOKEN": "xoxb-mine", "MY_HOOK": f"{HOOK}-mine\n"}
TOKEN, WEBHOOK = Secret("env", "MY_TOKEN"), Secret("env", "MY_HOOK")


@pytest.mark.parametrize(
    ("given", "environ", "found"),
    [
        ({"webhook": WEBHOOK}, {}, Webhook(f"{HOOK}-mine")),
        ({"webhook": WEBHOOK, "channel": "#x"}, {"SLACK_BOT_TOKEN": "xoxb-env"}, Webhook(f"{HOOK}-mine")),
        ({"token": TOKEN, "channel": "#x"}, {"SLACK_WEBHOOK_URL": HOOK}, Bot("xoxb-mine", "#x", API)),
        ({"channel": "#x"}, {"SLACK_BOT_TOKEN": "xoxb-env", "SLACK_WEBHOOK": HOOK}, Bot("xoxb-env", "#x", API)),
        ({"channel": "#x"}, {"SLACK_WEBHOOK": HOOK}, Webhook(HOOK)),
        ({}, {"SLACK_WEBHOOK_URL": HOOK, "SLACK_BOT_TOKEN": "xoxb-env"}, Webhook(HOOK)),
        ({"token": TOKEN, "channel": "C1", "api": "https://slack-gov.com/api/"}, {}, "https://slack-gov.com/api/"),
    ],
)
def test_the_way_into_slack(tmp_path, given, environ, found):
    ctx = make_context(tmp_path, environ={**ENVIRON, **environ})
    sender = find_sender(SlackOptions(**given), ctx)
    assert found in {sender, getattr(sender, "api", None)}


@pytest.mark.parametrize(
    ("given", "environ", "error", "kind"),
    [
        ({}, {}, "there is neither a webhook nor a token", StepError),
        ({"token": TOKEN}, {}, "a bot needs a channel", StepError),
        ({}, {"SLACK_BOT_TOKEN": "xoxb-env"}, "a bot needs a channel", StepError),
        ({"webhook": Secret("env", "UNSET")}, {}, r'env\("UNSET"\) has no value', ConfigError),
        ({"webhook": TOKEN}, {}, "a webhook is an address", StepError),
        ({"token": Secret("env", "MY_LINES"), "channel": "#x"}, {}, "a token is one line", StepError),
    ],
)
def test_no_way_into_slack(tmp_path, given, environ, error, kind):
    ctx = make_context(tmp_path, environ={**ENVIRON, "MY_LINES": "xoxb-a\nX-Header: b", **environ})
    with pytest.raises(kind, match=error) as caught:
        find_sender(SlackOptions(**given), ctx)
    assert isinstance(caught.value, DrayError)
    assert "xoxb" not in str(caught.value)


def test_all_that_opens_slack_is_secret(tmp_path):
    ctx = make_context(tmp_path, environ={**ENVIRON, "SLACK_BOT_TOKEN": "xoxb-env", "SLACK_WEBHOOK": HOOK})
    options = SlackOptions(token=TOKEN, webhook=Secret("env", "UNSET"))
    assert list_access_secrets(options, ctx) == ("xoxb-env", HOOK, "xoxb-mine")


@pytest.mark.parametrize(
    ("given", "markup"),
    [
        ("here", "<!here>"),
        ("@channel", "<!channel>"),
        ("U024BE7LH", "<@U024BE7LH>"),
        ("SAZ94GDB8", "<!subteam^SAZ94GDB8>"),
    ],
)
def test_somebody_can_be_called(given, markup):
    assert format_mention(given) == markup


@pytest.mark.parametrize("given", ["ada", "", "<!here>", "U024>|x", "u024be7lh"])
def test_nobody_else_can(given):
    with pytest.raises(ConfigError, match="mention is here, channel, everyone, or the ID"):
        format_mention(given)
