"""A message of any length fits Slack's limits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dray.notify.blocks import TEXT_LENGTH, build_blocks, build_fallback, clamp, measure
from dray.notify.text import escape
from tests.slack_server import validate_message

ANY_TEXT = st.text(max_size=60).map(escape)
PARAGRAPH = st.one_of(
    ANY_TEXT.filter(str.strip),
    st.builds(lambda text, times: (text + "&amp;😀\n") * times, ANY_TEXT, st.integers(1, 300)),
)


def test_the_first_paragraph_is_the_header_and_the_last_small_print():
    blocks = build_blocks(("✅ shop 1 -&gt; 2", "*shop* 2", "Ada on ci"))
    assert [block["type"] for block in blocks] == ["header", "section", "context"]
    assert blocks[0]["text"]["text"] == "✅ shop 1 -> 2"
    assert blocks[2]["elements"][0]["text"] == "Ada on ci"


def test_a_mention_stands_before_the_text_and_in_what_notifications_show():
    blocks = build_blocks(("shop", "text", "foot"), "<!here>")
    assert blocks[1]["text"]["text"] == "<!here>"
    assert build_fallback(("shop", "text"), "<!here>") == "<!here> shop"


@pytest.mark.parametrize("paragraphs", [(), ("",), ("only a header",), ("header", "footer")], ids=len)
def test_little_text_is_a_message_too(paragraphs):
    message = {"text": build_fallback(paragraphs), "blocks": build_blocks(paragraphs)}
    assert validate_message(message) == []


def test_a_text_is_cut_at_a_line_and_an_escape_stays_whole():
    assert clamp("a\nb", 10) == "a\nb"
    assert clamp("x" * 60 + "\n" + "y" * 60, 100) == "x" * 60 + "\n…"
    for limit in range(10, 20):
        cut = clamp("&lt;" * 10, limit)
        assert measure(cut) <= limit
        assert cut.removesuffix("…").replace("&lt;", "") == ""


def test_characters_outside_the_first_plane_count_twice():
    assert measure("😀") == 2
    assert measure(clamp("😀" * 2000, TEXT_LENGTH)) <= TEXT_LENGTH


@given(st.lists(PARAGRAPH, max_size=80), st.sampled_from(["", "<!here>", "<@U024BE7LH>"]))
def test_every_message_is_one_that_slack_takes(paragraphs, mention):
    message = {"text": build_fallback(paragraphs, mention), "blocks": build_blocks(paragraphs, mention)}
    assert validate_message(message) == []
