"""The step slack: what it says of a release and of a failure, and that it never fails a pipeline."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from dray.core.failure import Failure
from dray.core.progress import Advance, Progress
from dray.core.rollout import HostResult, Outcome, Rollout
from dray.core.secret import Secret
from dray.core.settings import EMPTY
from dray.core.upgrade import Upgrade, Verdict
from dray.errors import Location, RemoteError, StepError
from dray.steps import slack
from tests.slack_server import Planned, running_slack
from tests.unit.notify.releases import make_release, make_umbrella, open_context, write_commit


@pytest.fixture
def slack_server():
    with running_slack() as server:
        yield server


@pytest.fixture
def root(tmp_path):
    make_umbrella(tmp_path)
    return tmp_path


@pytest.fixture
def ctx(root, slack_server):
    return open_context(
        root, environ={"SLACK_WEBHOOK_URL": slack_server.webhook, "CI_JOB_URL": "https://ci.example/1"}
    )


def texts(message):
    found = []
    for block in message["blocks"]:
        found += [block["text"]["text"]] if "text" in block else [item["text"] for item in block["elements"]]
    return found


def failed(ctx, error, **options):
    release = make_release(ctx.root, "1.1.0")
    slack.on_failure(Failure("apt", error, release, 5), ctx, **options)


def test_a_release_is_told_with_what_changed_since_the_one_before(root, ctx, slack_server):
    slack.run(make_release(root), ctx)
    write_commit(root, "apps/shop/a.ex", "Sell <lamps> & *more*")
    write_commit(root, "apps/shop_web/a.ex", "Show lamps", author="Zoë <z@x.example>")
    restart = Upgrade("1.0.0", Verdict.RESTART, ("OTP 25 -> 26: a node cannot change its runtime",))
    release = make_release(root, "1.1.0", upgrades=(restart,))
    assert slack.run(release, ctx) is release
    first, second = map(texts, slack_server.messages)
    assert slack_server.complaints == []
    assert first[0] == "✅ shop 1.0.0 for prod, the first release"
    header, shop, web, unchanged, delivery, footer = second
    assert header == "✅ shop 1.0.0 -> 1.1.0 for prod"
    assert shop.startswith("*shop* 0.1.0\n•  `")
    assert shop.endswith("` Sell &lt;lamps&gt; &amp; *more* _Ada_")
    assert web.endswith("` Show lamps _Zoë_")
    assert unchanged == "unchanged: shop_mail"
    assert (
        delivery == "restart from 1.0.0: OTP 25 -&gt; 26: a node cannot change its runtime\nshop-1.1.0.tar.gz 5.2 MB"
    )
    assert footer.startswith("Grace on ")
    assert "<https://ci.example/1|CI job>" in footer
    assert footer.endswith("42 s")
    assert ctx.console.lines == ["result: told Slack", "result: told Slack"]


def test_a_failure_is_told_with_the_step_and_its_error(ctx, slack_server):
    error = StepError("the key has expired", hint="dray apt refresh", location=Location("rel/config.py", 7))
    failed(ctx, error, mention="here")
    (message,) = slack_server.messages
    assert texts(message)[:3] == [
        "❌ shop 1.1.0 for prod failed in apt",
        "<!here>",
        "*apt*: the key has expired\n`rel/config.py:7`\n_hint:_ dray apt refresh",
    ]
    assert message["text"].startswith("<!here> ❌")


def test_an_interruption_is_told_as_one(ctx, slack_server):
    failed(ctx, KeyboardInterrupt())
    assert texts(slack_server.messages[0])[0] == "✋ shop 1.1.0 for prod interrupted in apt"


def test_a_failure_before_the_release_had_a_name_names_the_project(ctx, slack_server, root):
    slack.on_failure(Failure("release", StepError("it does not compile"), make_release(root, "", name=""), 5), ctx)
    assert texts(slack_server.messages[0])[0] == f"❌ {root.name} for prod failed in release"


@pytest.mark.parametrize(("only", "told"), [("success", [True, False]), ("failure", [False, True])])
def test_one_kind_can_be_left_out(ctx, slack_server, root, only, told):
    slack.run(make_release(root), ctx, only=only)
    succeeded = len(slack_server.messages)
    failed(ctx, StepError("no"), only=only)
    assert [succeeded == 1, len(slack_server.messages) > succeeded] == told


def test_what_was_not_told_is_not_what_the_next_release_is_compared_with(root, ctx, slack_server):
    slack_server.planned = [Planned(404, "no_service")]
    slack.run(make_release(root), ctx)
    slack.run(make_release(root, "1.1.0"), ctx)
    assert texts(slack_server.messages[0])[0] == "✅ shop 1.1.0 for prod, the first release"


def test_a_message_that_slack_refuses_is_a_warning(root, ctx, slack_server):
    slack_server.planned = [Planned(404, "no_service")]
    release = make_release(root)
    assert slack.run(release, ctx) is release
    (line,) = ctx.console.lines
    assert line.startswith(
        "warning: slack: Slack did not take the message: no_service (404); the webhook was removed"
    )


@pytest.mark.parametrize(
    ("environ", "options", "warning"),
    [
        ({}, {}, "slack: there is neither a webhook nor a token of Slack; export SLACK_WEBHOOK_URL=..."),
        ({}, {"token": Secret("env", "UNSET")}, 'slack: env("UNSET") has no value; export UNSET=...'),
        ({"SLACK_WEBHOOK": "https://x"}, {"mention": "ada"}, "slack: mention is here, channel"),
        ({"SLACK_WEBHOOK": "http://[hookhook/x"}, {}, "slack: Slack did not take the message"),
    ],
)
def test_whatever_is_wrong_is_a_warning(root, environ, options, warning):
    ctx = open_context(root, environ=environ)
    slack.run(make_release(root), ctx, **options)
    (line,) = ctx.console.lines
    assert line.startswith(f"warning: {warning}")
    assert "hookhook" not in line


def test_a_secret_in_a_file_of_other_bytes_is_a_warning(root, tmp_path):
    (tmp_path / "token").write_bytes(b"\xff\xfe")
    ctx = open_context(root)
    slack.run(make_release(root), ctx, token=Secret("file", str(tmp_path / "token")))
    assert ctx.console.lines == ["warning: slack: the notification failed: UnicodeDecodeError"]


def test_a_place_without_a_line_is_told_without_one(ctx, slack_server):
    failed(ctx, StepError("it is damaged", location=Location("/elsewhere/shop.tar.gz")))
    assert "`/elsewhere/shop.tar.gz`" in texts(slack_server.messages[0])[1]


def test_a_template_of_the_project_that_is_wrong_is_a_warning(root, ctx, slack_server):
    own = root / "rel/templates/notify"
    own.mkdir(parents=True)
    (own / "slack.txt").write_text("{{ report.nonsense }}")
    slack.run(make_release(root), ctx)
    assert ctx.console.lines[0].startswith("warning: slack: ")
    assert slack_server.messages == []


def test_a_server_that_hangs_is_given_up(root, ctx, slack_server, monkeypatch):
    monkeypatch.setattr("dray.notify.delivery.LIMIT", 1.6)
    slack_server.planned = [Planned(200, "ok", delay=4)]
    slack.run(make_release(root), ctx)
    assert ctx.console.lines == ["warning: slack: Slack did not take the message: no answer in time"]


def test_what_hangs_elsewhere_is_given_up_too(root, ctx, monkeypatch):
    monkeypatch.setattr("dray.notify.delivery.LIMIT", 0.2)
    release = threading.Event()
    monkeypatch.setattr("socket.gethostname", lambda: release.wait(20) and "")
    slack.run(make_release(root), ctx)
    release.set()
    assert ctx.console.lines == ["warning: slack: gave up after 0.2 s"]


def test_the_secrets_of_the_configuration_do_not_reach_the_channel(root, slack_server):
    settings = EMPTY.merge("apt", "", {"passphrase": Secret("env", "PASS")}, None)
    environ = {"PASS": "correct horse", "SLACK_WEBHOOK_URL": slack_server.webhook}
    ctx = open_context(root, environ=environ, settings=settings)
    failed(ctx, StepError(f"gpg: correct horse is wrong for {slack_server.webhook}"))
    assert texts(slack_server.messages[0])[1] == "*apt*: gpg: *** is wrong for ***"


def test_a_bot_posts_into_the_channel_and_into_a_thread(root, slack_server):
    ctx = open_context(root, environ={"SLACK_BOT_TOKEN": "xoxb-1"})
    slack.run(make_release(root), ctx, channel="#deploys", thread="1700000000.1", api=slack_server.api)
    (message,) = slack_server.messages
    assert (message["channel"], message["thread_ts"]) == ("#deploys", "1700000000.1")
    assert ctx.console.lines == ["result: told #deploys"]


def rollout(*outcomes):
    hosts = tuple(
        HostResult(f"web{number}", outcome, "1.1.0" if outcome.is_good else "1.0.0", "1.0.0", mode="hot")
        for number, outcome in enumerate(outcomes, start=1)
    )
    return Rollout("web", "shop", "1.1.0", hosts, 12.0)


BEGUN, FINISHED = rollout(Outcome.UNTOUCHED, Outcome.UNTOUCHED), rollout(Outcome.DONE, Outcome.DONE)


@pytest.fixture
def bot(root, slack_server):
    """Return a context with the token of a bot, and the options by which it finds its Slack."""
    return open_context(root, environ={"SLACK_BOT_TOKEN": "xoxb-1"}), {
        "channel": "#deploys",
        "api": slack_server.api,
    }


def begin(ctx, *advances, **options):
    """Tell how far a deployment is, and return the context as the step then gets it."""
    told = ""
    for advance in advances or (Advance(BEGUN), Advance(BEGUN, 2)):
        so_far = Progress("ssh", make_release(ctx.root, "1.1.0"), (advance,), 5)
        told = slack.on_progress(so_far, replace(ctx, told=told), **options)
    return replace(ctx, told=told)


def refusal(ctx):
    error = RemoteError("web2 is not well")
    error.rollout = rollout(Outcome.DONE, Outcome.ROLLED_BACK)
    return Failure("ssh", error, make_release(ctx.root, "1.1.0"), 5)


def test_a_bot_keeps_one_message_up_to_date_until_it_is_the_report(bot, slack_server):
    ctx, options = bot
    ctx = begin(ctx, **options)
    (message,) = slack_server.messages
    assert texts(message)[:2] == [
        "⏳ shop 1.1.0 for prod is on its way to web (2 hosts), by Grace",
        "*web*: the first of 2 batches follows",
    ]
    slack.run(make_release(ctx.root, "1.1.0", rollouts=(FINISHED,)), ctx, **options)
    (message,) = slack_server.messages
    assert texts(message)[:2] == [
        "✅ shop 1.0.0 -> 1.1.0 for prod on web, 2 hosts, hot",
        "*web*: all 2 hosts run 1.1.0 (12 s)",
    ]
    assert [texts(old)[1] for old in slack_server.replaced] == [
        "*web*: the hosts get what they lack",
        "*web*: the first of 2 batches follows",
    ]
    assert slack_server.complaints == []


def test_bad_news_are_an_answer_too_since_nobody_is_notified_of_a_change(bot, slack_server):
    ctx, options = bot
    ctx = begin(ctx, **options)
    slack.on_failure(refusal(ctx), ctx, mention="here", **options)
    message, answer = slack_server.messages
    assert texts(message)[0] == "❌ shop 1.1.0 for prod failed on web: 1 rolled back"
    assert texts(message)[3] == (
        "*web*: 1 of 2 hosts runs 1.1.0 (12 s)\n"
        "rolled back: web2 runs 1.0.0 again\n"
        "done: web1: 1.0.0 -&gt; 1.1.0, hot"
    )
    assert answer["text"] == "<!here> ❌ shop 1.1.0 for prod failed on web: 1 rolled back"
    assert (answer["thread_ts"], answer["reply_broadcast"]) == ("1700000000.000001", True)


def test_in_a_thread_the_answer_stays_in_it(bot, slack_server):
    ctx, options = bot
    ctx = begin(ctx, thread="1600000000.1", **options)
    slack.on_failure(refusal(ctx), ctx, thread="1600000000.1", **options)
    message, answer = slack_server.messages
    assert message["thread_ts"] == answer["thread_ts"] == "1600000000.1"
    assert "reply_broadcast" not in answer


def test_a_message_that_was_deleted_is_written_anew_and_needs_no_answer(bot, slack_server):
    ctx, options = bot
    ctx = replace(begin(ctx, **options), told="C024BE91L/1700000000.000099")
    slack.on_failure(refusal(ctx), ctx, **options)
    assert [texts(message)[0][0] for message in slack_server.messages] == ["⏳", "❌"]


def test_a_message_that_says_that_hosts_follow_does_not_stay(bot, slack_server):
    ctx, options = bot
    ctx = begin(ctx, only="success", **options)
    slack.on_failure(refusal(ctx), ctx, only="success", mention="here", **options)
    (message,) = slack_server.messages
    assert texts(message)[0].startswith("❌")
    assert "<!here>" not in str(message)


@pytest.mark.parametrize("given", [{"progress": False}, {"only": "failure"}], ids=["progress", "only"])
def test_the_beginning_can_be_left_out(bot, slack_server, given):
    ctx, options = bot
    assert begin(ctx, **options, **given).told == ""
    assert slack_server.paths == []


def test_a_webhook_tells_the_beginning_once_and_only_where_that_is_wanted(ctx, slack_server):
    assert begin(ctx).told == ""
    assert slack_server.messages == []
    told = begin(ctx, progress=True)
    slack.run(make_release(ctx.root, "1.1.0", rollouts=(FINISHED,)), told, progress=True)
    assert [texts(message)[0][0] for message in slack_server.messages] == ["⏳", "✅"]


def test_a_beginning_that_is_not_told_is_a_warning_without_the_token(bot, slack_server):
    ctx, options = bot
    slack_server.planned = [Planned(200, '{"ok": false, "error": "invalid_auth xoxb-1"}')]
    told = begin(ctx, Advance(BEGUN), **options)
    assert told.told == ""
    assert ctx.console.lines[0].startswith("warning: slack: Slack did not take the message: invalid_auth ***")
    slack.run(make_release(ctx.root, "1.1.0", rollouts=(FINISHED,)), told, **options)
    assert len(slack_server.messages) == 1


def test_the_secrets_of_the_configuration_are_not_said_of_hosts(root, bot, slack_server):
    ctx, options = bot
    settings = EMPTY.merge("fleet", "web", {"password": Secret("env", "PASS")}, None)
    ctx = replace(ctx, settings=settings, environ={**ctx.environ, "PASS": "correct horse"})
    host = HostResult("web1", Outcome.FAILED, why="psql: correct horse is wrong")
    error = RemoteError("web1 is not well")
    error.rollout = Rollout("web", "shop", "1.1.0", (host,))
    begin(ctx, Advance(error.rollout, 2, 1), **options)
    slack.on_failure(Failure("ssh", error, make_release(root, "1.1.0"), 5), ctx, **options)
    assert "*** is wrong" in str(slack_server.messages)
    assert "horse" not in str(slack_server.messages)
