"""The step notify: the same facts as plain text, and warnings where they do not arrive."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from dray.core.failure import Failure
from dray.core.progress import Advance, Progress
from dray.core.rollout import HostResult, Outcome, Rollout
from dray.core.secret import Secret
from dray.errors import StepError
from dray.steps import notify
from tests.unit.notify.releases import make_release, make_umbrella, open_context, write_commit


@pytest.fixture
def root(tmp_path):
    make_umbrella(tmp_path)
    return tmp_path


@pytest.fixture
def sent(monkeypatch):
    """Gather what goes to services; an address with ``broken`` in it does not work."""
    found = []

    def send(url, title, body, event):
        if "broken" in url:
            raise StepError(f"mailto:// did not take the message: login of {url}")
        found.append((url, title, body, event.value))

    monkeypatch.setattr("dray.notify.announce.send_plain", send)
    return found


def test_services_get_the_facts_as_plain_text(root, sent):
    ctx = open_context(root, environ={"MAIL": "mailto://ops:pw@x.example"})
    notify.run(make_release(root), ctx, Secret("env", "MAIL"), "json://localhost")
    write_commit(root, "apps/shop/a.ex", "Sell <lamps>")
    notify.run(make_release(root, "1.1.0"), ctx, "json://localhost")
    assert [item[0] for item in sent] == ["mailto://ops:pw@x.example", "json://localhost", "json://localhost"]
    _, title, body, event = sent[-1]
    assert (title, event) == ("shop 1.0.0 -> 1.1.0 for prod", "done")
    assert "Sell <lamps> (Ada)" in body
    assert "unchanged: shop_web, shop_mail" in body
    assert ctx.console.lines == ["result: told mailto://, json://", "result: told json://"]


def test_a_failure_is_told(root, sent):
    ctx = open_context(root)
    failure = Failure("deb", StepError("the disk is full"), make_release(root), 5)
    notify.on_failure(failure, ctx, "json://localhost")
    notify.on_failure(failure, ctx, "json://localhost", only="success")
    ((_, title, body, event),) = sent
    assert (title, event) == ("shop 1.0.0 for prod failed in deb", "failed")
    assert body.startswith("deb: the disk is full")


def test_one_address_that_fails_keeps_no_other_from_hearing(root, sent):
    ctx = open_context(root)
    release = make_release(root)
    assert notify.run(release, ctx, "mailto://me:geheim@broken.example", "json://localhost") is release
    assert len(sent) == 1
    assert ctx.console.lines == [
        "warning: notify: mailto:// did not take the message: login of ***",
        "result: told 1 of 2",
    ]
    assert not (ctx.work / "announced").exists()


@pytest.mark.parametrize(
    ("urls", "warning"),
    [
        ((), "notify: there is no address to send to"),
        ((Secret("env", "UNSET"),), 'notify: env("UNSET") has no value'),
    ],
)
def test_whatever_is_wrong_is_a_warning(root, urls, warning):
    ctx = open_context(root)
    notify.run(make_release(root), ctx, *urls)
    assert ctx.console.lines[0].startswith(f"warning: {warning}")


def test_without_apprise_the_warning_says_what_to_type(root, monkeypatch):
    monkeypatch.setitem(sys.modules, "apprise", None)
    ctx = open_context(root)
    notify.run(make_release(root), ctx, "json://localhost")
    assert "pip install 'dray[notify]'" in ctx.console.lines[0]


def test_silence_where_only_failures_are_told(root, sent):
    notify.run(make_release(root), open_context(root), "json://localhost", only="failure")
    assert sent == []


@pytest.mark.parametrize(("options", "told"), [({}, 0), ({"progress": True}, 1), ({"only": "failure"}, 0)])
def test_the_beginning_of_a_deployment_is_told_once_and_where_it_is_wanted(root, sent, options, told):
    ctx = open_context(root)
    some = Rollout("web", "shop", "1.1.0", (HostResult("web1", Outcome.UNTOUCHED),))
    for batches in (0, 2):
        so_far = Progress("ssh", make_release(root, "1.1.0"), (Advance(some, batches),), 5)
        ctx = replace(ctx, told=notify.on_progress(so_far, ctx, "json://localhost", **options))
    assert [(title, event) for _, title, _, event in sent] == [
        ("shop 1.1.0 for prod is on its way to web (1 host), by Grace", "under way")
    ] * told


def test_what_became_of_hosts_is_told(root, sent):
    host = HostResult("web1", Outcome.DONE, "1.1.0", "1.0.0", mode="hot")
    release = make_release(root, "1.1.0", rollouts=(Rollout("web", "shop", "1.1.0", (host,), 3.0),))
    notify.run(release, open_context(root), "json://localhost")
    ((_, title, body, _),) = sent
    assert title == "shop 1.0.0 -> 1.1.0 for prod on web, 1 host, hot"
    assert body.startswith("web: web1 runs 1.1.0 (3.0 s)\n\n")
