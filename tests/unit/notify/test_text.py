"""Reports become text by templates, which a project may replace; nothing in a text is taken for markup."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from dray.notify.blocks import build_blocks, build_fallback
from dray.notify.changes import list_commits
from dray.notify.report import (
    AppChange,
    Changes,
    CommitLine,
    Commits,
    Event,
    Origin,
    Report,
    RolloutText,
    Trouble,
)
from dray.notify.text import escape, render_plain, render_slack, split_paragraphs, unescape
from dray.template.environment import TemplateFolder
from tests.slack_server import validate_message

TEMPLATES = TemplateFolder()
REPORT = Report(
    Event.DONE,
    "shop 1 -> 2 for prod",
    "shop",
    "2",
    "prod",
    previous="1",
    commit="1a2b3c4",
    changes=Changes(
        applications=(AppChange("shop", "2", "1", Commits((CommitLine("1a2b3c4", "Sell <lamps>", "Ada"),), 3)),),
        unchanged="shop_web, shop_mail",
    ),
    upgrades=("hot upgrade from 1",),
    artifacts=("shop_2_amd64.deb 8.4 MB",),
    origin=Origin("Ada", "ci-7", "https://ci.example/1?a=1"),
    duration="42 s",
)


def test_the_plain_text_of_a_release():
    assert render_plain(REPORT, TEMPLATES) == (
        "shop 1 -> 2 for prod",
        "shop 1 -> 2\n  1a2b3c4 Sell <lamps> (Ada)\n  and 3 more",
        "unchanged: shop_web, shop_mail",
        "hot upgrade from 1\nshop_2_amd64.deb 8.4 MB",
        "Ada on ci-7, 1a2b3c4, 42 s\nhttps://ci.example/1?a=1",
    )


def test_the_text_of_a_release_in_slack():
    assert render_slack(REPORT, TEMPLATES) == (
        "✅ shop 1 -&gt; 2 for prod",
        "*shop* 1 -> 2\n•  `1a2b3c4` Sell &lt;lamps&gt; _Ada_\n•  and 3 more",
        "unchanged: shop_web, shop_mail",
        "hot upgrade from 1\nshop_2_amd64.deb 8.4 MB",
        "Ada on ci-7  ·  <https://ci.example/1?a=1|CI job>  ·  `1a2b3c4`  ·  42 s",
    )


def test_the_text_of_a_failure():
    trouble = Trouble("apt", "the key has expired", "rel/config.py:7", "dray apt refresh")
    report = Report(Event.FAILED, "shop 2 for prod failed in apt", "shop", "2", "prod", trouble=trouble)
    assert render_plain(report, TEMPLATES) == (
        "shop 2 for prod failed in apt",
        "apt: the key has expired\nrel/config.py:7\nhint: dray apt refresh",
    )
    assert render_slack(report, TEMPLATES)[0] == "❌ shop 2 for prod failed in apt"


def test_a_project_may_replace_a_block(tmp_path):
    (tmp_path / "notify").mkdir()
    own = '{% extends "built-in/notify/slack.txt" %}\n{% block changes %}see the changelog{% endblock %}\n'
    (tmp_path / "notify/slack.txt").write_text(own)
    templates = TemplateFolder(tmp_path)
    assert render_slack(REPORT, templates)[1] == "see the changelog"
    assert templates.list_strays() == ()
    assert templates.list_stray_blocks() == ()


def test_paragraphs_are_parted_by_blank_lines():
    assert split_paragraphs("\n\na\n  b\n \n\n\nc\n") == ("a\n  b", "c")


@given(st.text())
def test_what_is_escaped_comes_back(text):
    assert unescape(escape(text)) == text.replace("```", "'''")
    assert not set("<>") & set(escape(text))


WORDS = st.text(max_size=60)
LINES = st.builds(CommitLine, WORDS, WORDS, WORDS)
COMMITS = st.builds(Commits, st.lists(LINES, max_size=8).map(tuple), st.integers(0, 9))
APPS = st.builds(AppChange, WORDS, WORDS, WORDS, COMMITS)
CHANGES = st.builds(
    Changes, WORDS, st.lists(APPS, max_size=20).map(tuple), WORDS, WORDS, WORDS, COMMITS, WORDS, WORDS
)
REPORTS = st.builds(
    Report,
    st.sampled_from(Event),
    *[WORDS] * 6,
    trouble=st.one_of(st.none(), st.builds(Trouble, WORDS, WORDS, WORDS, WORDS)),
    changes=CHANGES,
    upgrades=st.lists(WORDS, max_size=5).map(tuple),
    artifacts=st.lists(WORDS, max_size=13).map(tuple),
    origin=st.builds(Origin, WORDS, WORDS),
    rollouts=st.lists(st.builds(RolloutText, WORDS, WORDS, st.lists(WORDS, max_size=24).map(tuple)), max_size=3).map(
        tuple
    ),
)


@given(REPORTS)
def test_any_report_is_a_message_that_slack_takes(report):
    paragraphs = render_slack(report, TEMPLATES)
    message = {"text": build_fallback(paragraphs), "blocks": build_blocks(paragraphs)}
    assert validate_message(message) == []
    assert all(render_plain(report, TEMPLATES))


def test_the_largest_report_there_can_be_is_cut_and_taken():
    commits = Commits(tuple(CommitLine("1234567", "<" * 100, "&" * 40) for _ in range(8)), 99)
    apps = tuple(AppChange("a" * 60, "1" * 60, "0" * 60, commits) for _ in range(20))
    changes = Changes(applications=apps, shared=commits)
    report = replace(REPORT, changes=changes)
    paragraphs = render_slack(report, TEMPLATES)
    message = {"text": build_fallback(paragraphs), "blocks": build_blocks(paragraphs)}
    assert validate_message(message) == []
    texts = [block["text"]["text"] for block in message["blocks"] if "text" in block]
    assert len(texts) == 23
    assert all(text.endswith("…") for text in texts[1:22])
    assert texts[-1] == "hot upgrade from 1\nshop_2_amd64.deb 8.4 MB"  # what is short is not cut


def test_commits_beyond_what_is_read_are_counted():
    assert list_commits(()) == Commits()
