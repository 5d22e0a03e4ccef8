"""Messages reach Slack by a webhook or a bot; what it asks for is done, what it refuses is told without secrets."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from dray.errors import StepError
from dray.notify.slack import Bot, Message, Posted, Webhook, parse_posted, send
from tests.slack_server import CHANNEL, Planned

MESSAGE = Message("shop", ({"type": "section", "text": {"type": "mrkdwn", "text": "shop"}},))
TOKEN = "xoxb-111-222-secretsecret"  # noqa: S105


@pytest.fixture
def pauses():
    return []


@pytest.fixture
def post(pauses):
    return lambda sender, limit=20, message=MESSAGE: send(message, sender, limit=limit, sleep=pauses.append)


@pytest.fixture
def ways(slack_server):
    return {"webhook": Webhook(slack_server.webhook), "bot": Bot(TOKEN, "#deploys", slack_server.api)}


BOTH = pytest.mark.parametrize("way", ["webhook", "bot"])


def test_a_webhook_gets_text_and_blocks(slack_server, post, ways):
    assert post(ways["webhook"]) is None
    (message,) = slack_server.messages
    assert (message["text"], message["blocks"]) == ("shop", list(MESSAGE.blocks))
    assert message["unfurl_links"] is False
    assert slack_server.paths == ["/services/T00000000/B00000000/hookhookhookhookhookhook"]


def test_a_bot_posts_into_a_channel_and_learns_what_the_message_is_called(slack_server, post, ways):
    posted = post(ways["bot"])
    assert posted == Posted(CHANNEL, "1700000000.000001")
    assert parse_posted(str(posted)) == posted
    assert slack_server.paths == ["/api/chat.postMessage"]
    assert slack_server.headers[0]["Authorization"] == f"Bearer {TOKEN}"
    assert slack_server.messages[0]["channel"] == "#deploys"
    post(ways["bot"], message=Message("more", (), posted.ts, broadcast=True))
    assert slack_server.messages[1]["thread_ts"] == posted.ts
    assert slack_server.messages[1]["reply_broadcast"] is True


def test_a_bot_changes_what_it_has_written_and_writes_anew_where_that_is_gone(slack_server, post, ways):
    posted = post(ways["bot"])
    assert post(ways["bot"], message=Message("changed", MESSAGE.blocks, place=posted)) == posted
    assert [message["text"] for message in slack_server.messages] == ["changed"]
    assert slack_server.paths[1] == "/api/chat.update"
    gone = Posted(CHANNEL, "1700000000.000009")
    assert post(ways["bot"], message=Message("anew", MESSAGE.blocks, place=gone)).ts == "1700000000.000002"
    assert slack_server.messages[1]["channel"] == "#deploys"


@pytest.mark.parametrize("text", ["", "told", "/1", "C1/"])
def test_what_names_no_message_is_not_taken_for_a_name(text):
    assert parse_posted(text) is None


def test_the_address_of_an_api_may_lack_its_last_slash(slack_server, post):
    post(Bot(TOKEN, "#deploys", slack_server.api.rstrip("/")))
    assert slack_server.paths == ["/api/chat.postMessage"]


@BOTH
def test_who_is_too_fast_waits_as_long_as_slack_says(slack_server, post, ways, pauses, way):
    slack_server.planned = [Planned(429, headers={"Retry-After": "3"}), Planned(429, headers={"retry-after": "2"})]
    post(ways[way])
    assert pauses == [3.0, 2.0]
    assert len(slack_server.messages) == 1


@BOTH
def test_who_would_wait_too_long_does_not(slack_server, post, ways, pauses, way):
    slack_server.planned = [Planned(429, "rate_limited", headers={"Retry-After": "600"})]
    with pytest.raises(StepError, match=r"Slack did not take the message: .*\(429\), for 600 s"):
        post(ways[way])
    assert pauses == []


@BOTH
@pytest.mark.parametrize("value", ["soon", "nan", "-5", "inf"])
def test_a_wait_that_is_no_number_of_seconds_ends_well(slack_server, post, ways, pauses, way, value):
    slack_server.planned = [Planned(429, headers={"Retry-After": value})] * 2
    if value == "inf":
        with pytest.raises(StepError, match="429"):
            post(ways[way])
    else:
        post(ways[way])
        assert all(0 <= pause <= 1 for pause in pauses)


@BOTH
def test_a_bad_moment_of_the_server_is_waited_out(slack_server, post, ways, pauses, way):
    slack_server.planned = [Planned(503, "down"), Planned(500, '{"ok": false}')]
    post(ways[way])
    assert pauses == [1.0, 2.0]
    assert len(slack_server.messages) == 1


@BOTH
def test_a_server_that_stays_down_is_given_up(slack_server, post, ways, pauses, way):
    slack_server.planned = [Planned(502, "<html>bad gateway</html>") for _ in range(9)]
    with pytest.raises(StepError, match="502"):
        post(ways[way])
    assert len(slack_server.paths) == 4


@pytest.mark.parametrize(
    ("way", "planned", "error", "hint"),
    [
        ("webhook", Planned(404, "no_service"), "no_service", "the webhook was removed"),
        ("webhook", Planned(400, "invalid_payload"), "invalid_payload", None),
        ("webhook", Planned(410, ""), "no reason given", None),
        ("bot", Planned(200, '{"ok": false, "error": "not_in_channel"}'), "not_in_channel", "invite the bot"),
        ("bot", Planned(200, '{"ok": false, "error": "invalid_auth"}'), "invalid_auth", "xoxb-"),
        ("bot", Planned(200, '{"ok": false}'), "no reason given", None),
        ("bot", Planned(200, "<html>a proxy's page</html>"), "Slack did not take the message", None),
        ("bot", Planned(200, ""), "Slack did not take the message", None),
        ("bot", Planned(200, "{not json"), "Slack did not take the message", None),
    ],
)
def test_a_refusal_is_told_once_and_with_a_hint(slack_server, post, ways, pauses, capfd, way, planned, error, hint):
    slack_server.planned = [planned]
    with pytest.raises(StepError, match=error) as caught:
        post(ways[way])
    assert (hint or "") in (caught.value.hint or "")
    assert pauses == []
    assert capfd.readouterr() == ("", "")
    assert "secret" not in str(caught.value)


@BOTH
def test_a_server_that_does_not_answer_is_not_waited_for(slack_server, ways, way):
    slack_server.planned = [Planned(200, "ok", delay=3)]
    began = time.monotonic()
    with pytest.raises(StepError, match="no answer in time"):
        send(MESSAGE, ways[way], limit=1)
    assert time.monotonic() - began < 2.5


@BOTH
def test_a_server_that_is_not_there_is_told_without_its_address(slack_server, post, way, capfd):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}/services/T0/B0/hookhookhook"
    sender = Webhook(address) if way == "webhook" else Bot(TOKEN, "#x", address)
    with pytest.raises(StepError, match="refused") as caught:
        post(sender)
    assert "hookhook" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_a_server_that_breaks_off_is_told(post):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def close():
            for _ in range(4):
                try:
                    server.accept()[0].close()
                except OSError:
                    return

        thread = threading.Thread(target=close, daemon=True)
        thread.start()
        with pytest.raises(StepError, match="Slack did not take the message"):
            post(Webhook(f"http://127.0.0.1:{port}/services/x"))


@pytest.mark.parametrize("url", ["http://[broken/hookhookhook", "http://x y/hookhookhook", "http:///hookhookhook"])
def test_an_address_that_is_none_is_told_without_it(post, url):
    with pytest.raises(StepError, match="Slack did not take") as caught:
        post(Webhook(url))
    assert "hookhook" not in str(caught.value)


def test_ways_into_slack_do_not_show_their_secrets():
    assert "hook" not in repr(Webhook("https://hooks.slack.com/services/T/B/hook")).replace("Webhook", "")
    assert TOKEN not in repr(Bot(TOKEN, "#x"))
