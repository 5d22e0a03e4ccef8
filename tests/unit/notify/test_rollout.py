"""A rollout in words: a line for a fleet, hosts where they differ or failed, within Slack's limits at any size."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dray.core.failure import Failure
from dray.core.progress import Advance, Progress
from dray.core.rollout import HostResult, Outcome, Replaced, Rollout
from dray.errors import RemoteError
from dray.notify.blocks import build_blocks, build_fallback
from dray.notify.collect import collect_done, collect_failure, collect_progress
from dray.notify.previous import find_previous
from dray.notify.report import Event, Report
from dray.notify.rollout import build_advance_text, build_rollout_text, list_lines
from dray.notify.text import render_plain, render_slack, unescape
from dray.template.environment import TemplateFolder
from tests.harness import ROOT
from tests.slack_server import validate_message
from tests.unit.notify.releases import make_release, open_context

TEMPLATES = TemplateFolder()


def host(number, outcome=Outcome.DONE, **given):
    given = {"version": "1.5.0", "previous": "1.4.0", "mode": "hot", **given}
    return HostResult(f"web{number}", outcome, **given)


def rollout(*hosts, fleet="web", seconds=12.3):
    return Rollout(fleet, "shop", "1.5.0", hosts or tuple(host(number) for number in range(1, 5)), seconds)


def refused(number, why="1.5.0 is not well"):
    return host(number, Outcome.ROLLED_BACK, version="1.4.0", mode="", why=why)


def untouched(number):
    return host(number, Outcome.UNTOUCHED, version="1.4.0", mode="")


def lines(*hosts):
    return build_rollout_text(rollout(*hosts)).lines


def test_hosts_that_all_went_well_need_one_line():
    text = build_rollout_text(rollout())
    assert (text.fleet, text.summary, text.lines) == ("web", "all 4 hosts run 1.5.0 (12 s)", ())
    assert build_rollout_text(rollout(host(1), seconds=3.14)).summary == "web1 runs 1.5.0 (3.1 s)"


def test_a_restart_is_told_with_its_reasons():
    restarted = [host(number, mode="restart", reasons=("OTP 25 -> 26", "a NIF changed")) for number in (1, 2)]
    assert lines(*restarted) == ("restart: OTP 25 -> 26, a NIF changed",)
    assert lines(*restarted, host(3)) == (
        "web3: 1.4.0 -> 1.5.0, hot",
        "web1, web2: 1.4.0 -> 1.5.0, restart: OTP 25 -> 26, a NIF changed",
    )


def test_hosts_that_differ_are_told_the_few_first():
    first = host(9, previous="", mode="start")
    assert lines(host(1), host(2), first, host(4, Outcome.UNCHANGED)) == (
        "web9: 1.5.0, first start",
        "web1, web2: 1.4.0 -> 1.5.0, hot",
        "unchanged: web4 runs 1.5.0",
    )


def test_a_failed_rollout_says_what_each_host_runs_now():
    lost = host(3, Outcome.FAILED, version="", mode="", why="the connection ended")
    away = host(4, Outcome.SKIPPED, version="", previous="", mode="", why="web4: no route to host")
    text = build_rollout_text(rollout(host(1), refused(2), lost, away, untouched(5), untouched(6)))
    assert text.summary == "1 of 6 hosts runs 1.5.0 (12 s)"
    assert text.lines == (
        "failed: web3, what it runs is not known: the connection ended",
        "rolled back: web2 runs 1.4.0 again: 1.5.0 is not well",
        "skipped: web4: no route to host",
        "untouched: web5, web6 run 1.4.0",
        "done: web1: 1.4.0 -> 1.5.0, hot",
    )


def test_hosts_that_ran_nothing_run_nothing():
    back = host(1, Outcome.ROLLED_BACK, version="", previous="", mode="", why="no port is free")
    assert lines(back, host(2, Outcome.UNTOUCHED, version="", previous="", mode="")) == (
        "rolled back: web1 runs nothing, as before: no port is free",
        "untouched: web2 runs nothing",
    )
    assert build_rollout_text(rollout(back)).summary == "web1 does not run 1.5.0 (12 s)"
    assert build_rollout_text(rollout(back, refused(2))).summary == "none of 2 hosts runs 1.5.0 (12 s)"


def test_many_hosts_are_counted_and_many_reasons_too():
    many = [refused(number) for number in range(30)]
    assert lines(*many) == (
        "rolled back: web0, web1, web2, web3, web4 and 25 more run 1.4.0 again: 1.5.0 is not well",
    )
    each = [refused(number, why=f"reason {number}") for number in range(30)]
    assert len(lines(*each)) == 4
    assert lines(*each)[-1] == "rolled back: 27 more hosts"
    assert len(lines(*each[:4])) == 4
    assert lines(*each[:4])[-1].endswith("reason 3")


@pytest.mark.parametrize(
    ("advance", "ended", "summary"),
    [
        (Advance(rollout()), False, "the hosts get what they lack"),
        (Advance(rollout()), True, "no host was switched"),
        (Advance(rollout(untouched(1), untouched(2)), 2), False, "the first of 2 batches follows"),
        (
            Advance(rollout(host(1), untouched(2)), 2, 1),
            False,
            "batch 1 of 2 is done, 1 of 2 hosts runs 1.5.0",
        ),
        (
            Advance(rollout(host(1), untouched(2)), 2, 1),
            True,
            "1 of 2 batches were done, 1 of 2 hosts runs 1.5.0; others may be in between",
        ),
        (Advance(rollout(untouched(1), untouched(2)), 1), False, "all hosts follow at once"),
        (
            Advance(rollout(untouched(1), untouched(2)), 1),
            True,
            "none of 2 hosts runs 1.5.0; others may be in between",
        ),
        (Advance(rollout(), 1, 1), False, "4 of 4 hosts run 1.5.0"),
        (Advance(rollout(), 2, 2), True, "2 of 2 batches were done, 4 of 4 hosts run 1.5.0"),
    ],
)
def test_how_far_a_rollout_is(advance, ended, summary):
    assert build_advance_text(advance, ended=ended).summary == summary
    assert build_advance_text(advance, ended=ended).lines == ()


def test_how_far_a_rollout_is_names_hosts_that_failed():
    advance = Advance(rollout(host(1), refused(2), untouched(3)), 3, 1)
    assert build_advance_text(advance).lines == ("rolled back: web2 runs 1.4.0 again: 1.5.0 is not well",)


@pytest.fixture
def ctx(root):
    return open_context(root, environ={"GITHUB_ACTOR": "ann"})


@pytest.mark.parametrize(
    ("rollouts", "headline"),
    [
        ([rollout()], "shop 1.4.0 -> 1.5.0 for prod on web, 4 hosts, hot"),
        ([rollout(host(1))], "shop 1.4.0 -> 1.5.0 for prod on web, 1 host, hot"),
        (
            [rollout(host(1), host(2), host(3, mode="restart"), host(4, Outcome.UNCHANGED))],
            "shop 1.4.0 -> 1.5.0 for prod on web, 4 hosts, 2 hot, 1 restart, 1 unchanged",
        ),
        ([rollout(host(1), host(2, previous="1.3.0"))], "shop 1.5.0 for prod on web, 2 hosts, hot"),
        (
            [rollout(host(1, previous="", mode="start"), fleet="/srv/shop")],
            "shop 1.5.0 for prod on /srv/shop, 1 host, first start",
        ),
        (
            [rollout(host(1), fleet="canary"), rollout(host(2), host(3))],
            "shop 1.4.0 -> 1.5.0 for prod on canary, web, 3 hosts, hot",
        ),
        (
            [rollout(host(1, Outcome.UNCHANGED), host(2, Outcome.UNCHANGED))],
            "shop 1.5.0 for prod runs on web already, 2 hosts",
        ),
    ],
)
def test_the_headline_of_a_rollout(root, ctx, rollouts, headline):
    release = make_release(root, "1.5.0", rollouts=tuple(rollouts))
    assert collect_done(release, ctx).headline == headline


def test_a_rollout_is_compared_with_what_most_hosts_ran(root, ctx):
    mixed = rollout(host(1, previous="1.3.0"), host(2), host(3), host(4, previous=""))
    replaced = (Replaced("1.3.0"), Replaced("1.4.0", "ab" * 20, (("shop", "0.0.9"), ("kernel", "8.5"))))
    release = make_release(root, "1.5.0", rollouts=(replace(mixed, replaced=replaced),))
    previous = find_previous(release, ctx)
    assert previous is not None
    assert (previous.version, previous.commit) == ("1.4.0", "ab" * 20)
    assert collect_done(release, ctx).changes.applications[0].previous == "0.0.9"
    unknown = find_previous(make_release(root, "1.5.0", rollouts=(mixed,)), ctx)
    assert unknown == replace(previous, commit="", applications={})
    idle = make_release(root, "1.5.0", rollouts=(rollout(host(1, Outcome.UNCHANGED)),))
    assert find_previous(idle, ctx) is None
    assert collect_done(idle, ctx).changes.present == ""


def test_a_failed_rollout_is_told_with_those_that_went_well_before(root, ctx):
    release = make_release(root, "1.5.0", rollouts=(rollout(host(1), fleet="canary"),))
    error = RemoteError("shop 1.5.0 was not taken by 1 of 2 hosts")
    error.rollout = rollout(refused(2), untouched(3))
    report = collect_failure(Failure("ssh", error, release, 5, (Advance(error.rollout, 2),)), ctx)
    assert report.headline == "shop 1.5.0 for prod failed on web: 1 rolled back, 1 untouched"
    assert [(text.fleet, text.summary) for text in report.rollouts] == [
        ("canary", "web1 runs 1.5.0 (12 s)"),
        ("web", "none of 2 hosts runs 1.5.0 (12 s)"),
    ]


def test_an_interrupted_rollout_is_told_as_far_as_it_is_known(root, ctx):
    advance = Advance(rollout(host(1), untouched(2)), 2, 1)
    report = collect_failure(Failure("ssh", KeyboardInterrupt(), make_release(root, "1.5.0"), 3, (advance,)), ctx)
    assert report.event is Event.INTERRUPTED
    assert report.headline == "shop 1.5.0 for prod interrupted in ssh"
    assert report.rollouts[0].summary.startswith("1 of 2 batches were done, 1 of 2 hosts runs 1.5.0")


def test_the_message_while_hosts_follow(root, ctx):
    advances = (Advance(rollout(host(1), untouched(2), untouched(3), untouched(4)), 4, 1),)
    report = collect_progress(Progress("ssh", make_release(root, "1.5.0"), advances, 5), ctx)
    header, body, footer = render_slack(report, TEMPLATES)
    assert header == "⏳ shop 1.5.0 for prod is on its way to web (4 hosts), by ann"
    assert body == "*web*: batch 1 of 4 is done, 1 of 4 hosts runs 1.5.0"
    assert footer.startswith("ann on ")


def test_the_text_of_a_rollout():
    text = build_rollout_text(rollout(host(1), refused(2, "<!here> & all")))
    report = Report(Event.DONE, "shop", "shop", "1.5.0", "prod", rollouts=(text,), upgrades=("hot upgrade",))
    assert "\n".join(render_slack(report, TEMPLATES)).splitlines()[1:] == [
        "*web*: 1 of 2 hosts runs 1.5.0 (12 s)",
        "rolled back: web2 runs 1.4.0 again: &lt;!here&gt; &amp; all",
        "done: web1: 1.4.0 -&gt; 1.5.0, hot",
        "hot upgrade",
    ]
    assert render_plain(report, TEMPLATES)[1].startswith("web: 1 of 2 hosts runs 1.5.0 (12 s)\nrolled back: web2 ")


def test_the_messages_of_the_page_are_those_that_are_sent(root, ctx):
    changed = "OTP 25 -> 26: a node cannot change its runtime"
    older = host(1, previous="1.3.0", mode="restart", reasons=(changed,))
    error = RemoteError(
        "shop 1.5.0 was not taken by 2 of 5 hosts: web2 runs 1.4.0 again: 1.5.0 is not well",
        hint="mend the cause and type the same again; --retry-failed takes only the hosts that failed",
    )
    lost = host(3, Outcome.FAILED, version="", mode="", why="the connection ended")
    error.rollout = rollout(host(1), refused(2), lost, untouched(4), untouched(5), seconds=35)
    begun = Advance(rollout(host(1), untouched(2), untouched(3), untouched(4)), 4, 1)
    release = make_release(root, "1.5.0")
    reports = (
        collect_done(replace(release, rollouts=(rollout(),)), ctx),
        collect_done(replace(release, rollouts=(rollout(older, host(2), host(3), host(4)),)), ctx),
        collect_failure(Failure("ssh", error, release, 5), ctx),
        collect_progress(Progress("ssh", release, (begun,), 5), ctx),
    )
    page = (
        (ROOT / "docs/notifications.md")
        .read_text()
        .replace("\n> ", "\n")
        .replace("**", "*")
        .replace("*hint:*", "_hint:_")
    )
    for report in reports:
        header, *paragraphs = map(unescape, render_slack(report, TEMPLATES))
        assert f"*{header}*" in page
        for paragraph in paragraphs:
            if paragraph.startswith(("*ssh*", "*web*")):
                assert f"\n{paragraph}\n" in page


LONG = st.text(max_size=300)
HOSTS = st.lists(
    st.builds(
        HostResult,
        LONG,
        st.sampled_from(Outcome),
        LONG,
        LONG,
        mode=st.sampled_from(("", "hot", "restart", "start", "other")),
        reasons=st.lists(LONG, max_size=4).map(tuple),
        why=LONG,
    ),
    min_size=1,
    max_size=8,
).map(tuple)


@given(st.builds(Rollout, LONG, LONG, LONG, HOSTS, st.floats(0, 1e6)), st.integers(0, 3), st.integers(0, 3))
def test_any_rollout_has_words_of_bounded_length(some, batches, done):
    texts = (build_rollout_text(some), build_advance_text(Advance(some, batches, done), ended=bool(done)))
    for text in texts:
        assert all(len(line) < 800 and "\n" not in line for line in (text.fleet, text.summary, *text.lines))
        report = Report(Event.DONE, "x", "x", "x", "x", rollouts=(text,))
        paragraphs = render_slack(report, TEMPLATES)
        message = {"text": build_fallback(paragraphs), "blocks": build_blocks(paragraphs)}
        assert [wrong for wrong in validate_message(message) if "escaped" not in wrong] == []


def crowd(count=200):
    """Return many hosts of long names that met with all there is, each for a reason of its own."""
    kinds = list(Outcome)
    return tuple(
        HostResult(
            f"web{number}." + "a-very-long-name" * 14 + ".example",
            kinds[number % len(kinds)],
            "1.5.0" + "+abcdef" * 30,
            "1.4.0" + "+abcdef" * 30,
            mode="restart",
            reasons=(f"{number} " + "the runtime changed " * 20,),
            why=f"{number} " + "it would not listen & <said> so. " * 40,
        )
        for number in range(count)
    )


def test_two_hundred_hosts_of_long_names_fit_into_a_message(root, ctx):
    some = Rollout("w" * 300, "shop", "1.5.0" + "+abcdef" * 30, crowd(), 3600.0)
    error = RemoteError("it was not taken " * 100)
    error.rollout = some
    release = make_release(root, "1.5.0", rollouts=tuple(replace(some, fleet=f"f{number}") for number in range(9)))
    so_far = Progress("ssh", release, tuple(Advance(item, 40, 3) for item in (some, *release.rollouts)), 5)
    reports = (
        collect_done(release, ctx),
        collect_failure(Failure("ssh", error, release, 5), ctx),
        collect_progress(so_far, ctx),
    )
    for report in reports:
        paragraphs = render_slack(report, TEMPLATES)
        blocks = build_blocks(paragraphs, "<!here>")
        assert validate_message({"text": build_fallback(paragraphs, "<!here>"), "blocks": blocks}) == []
        assert "…" in str(blocks)
        assert all(len(line) < 800 for text in report.rollouts for line in text.lines)
    (text,) = collect_failure(Failure("ssh", error, make_release(root), 5), ctx).rollouts
    for kind in Outcome:
        assert any(line.startswith(f"{kind.value}: ") and "more hosts" in line for line in text.lines)


def test_nothing_is_said_of_no_hosts():
    assert list_lines(()) == ()
