"""Sends messages to Slack, by an incoming webhook or as a bot, with the library ``slack_sdk``.

Slack answers 429 with ``Retry-After`` where messages come too fast (one a second and channel is what it promises to
take), and 5xx where it has a bad moment; both are tried again as long as there is time. Everything else is final.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol
from urllib.error import URLError

from dray.errors import StepError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from slack_sdk import WebClient
    from slack_sdk.web import SlackResponse

API = "https://slack.com/api/"
_TIMEOUT = 10
_TRIES = 4
_TOO_MANY = 429
_FIRST_PAUSE = 1.0
_HINTS = {
    "channel_not_found": "name a channel that the bot can see, or its ID",
    "invalid_auth": "the token begins with xoxb-; take it from OAuth & Permissions of the Slack app",
    "is_archived": "the channel is archived",
    "missing_scope": "give the Slack app the scope chat:write (and chat:write.public), and install it again",
    "no_service": "the webhook was removed; make a new one in the Slack app",
    "not_in_channel": "invite the bot into the channel, or give the Slack app the scope chat:write.public",
}
_GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
"""Why a message cannot be changed any more."""

_QUIET = logging.Logger("dray.slack", logging.CRITICAL + 1)  # noqa: LOG001 - the library's own would print addresses


@dataclass(frozen=True, slots=True)
class Posted:
    """What names a message; as text, ``C024BE91L/1700000000.000100``.

    Args:
        channel: The ID of its channel.
        ts: Its time, by which others answer to it.
    """

    channel: str
    ts: str

    def __str__(self) -> str:
        return f"{self.channel}/{self.ts}"


def parse_posted(text: str) -> Posted | None:
    """Return what a text names; None where that is nothing."""
    channel, slash, ts = text.partition("/")
    return Posted(channel, ts) if slash and channel and ts else None


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent.

    Args:
        text: Shown where the blocks are not.
        blocks: The message in Block Kit.
        thread: The ``ts`` of the message that it answers; empty for a message of its own.
        place: The message whose place it takes; only bots can do that, and where it is gone they write a new one.
        broadcast: Whether an answer is shown in the channel, too.
    """

    text: str
    blocks: Sequence[Mapping[str, Any]] = ()
    thread: str = ""
    place: Posted | None = None
    broadcast: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What Slack answered.

    Args:
        status: The status of HTTP.
        error: The name of what was wrong; empty where nothing was.
        retry_after: The value of the header ``Retry-After``.
        posted: What names the message; None for webhooks.
    """

    status: int
    error: str = ""
    retry_after: str = ""
    posted: Posted | None = None


class Sender(Protocol):
    """One way into Slack."""

    def post(self, message: Message, timeout: float) -> Answer:
        """Send a message once."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """An incoming webhook: its address is a secret, and decides on the channel."""

    url: str = field(repr=False)

    def post(self, message: Message, timeout: float) -> Answer:
        """Send a message once."""
        from slack_sdk.webhook import WebhookClient  # noqa: PLC0415 - 90 ms that only a message costs

        client = WebhookClient(self.url, timeout=max(1, int(timeout)), logger=_QUIET, retry_handlers=[])
        sent = client.send(text=message.text, blocks=message.blocks, unfurl_links=False, unfurl_media=False)  # type: ignore[arg-type]
        error = "" if sent.status_code == 200 else (sent.body or "").strip()[:100] or "no reason given"
        return Answer(sent.status_code, error, _find_header(sent.headers, "retry-after"))


@dataclass(frozen=True, slots=True)
class Bot:
    """A bot that posts into a channel, by ``chat.postMessage``, and changes its messages, by ``chat.update``."""

    token: str = field(repr=False)
    channel: str
    api: str = API

    def post(self, message: Message, timeout: float) -> Answer:
        """Send a message once."""
        from slack_sdk import WebClient  # noqa: PLC0415 - see above
        from slack_sdk.errors import SlackApiError  # noqa: PLC0415

        base = self.api if self.api.endswith("/") else f"{self.api}/"
        client = WebClient(self.token, base_url=base, timeout=max(1, int(timeout)), logger=_QUIET, retry_handlers=[])
        try:
            sent = self._call(client, message)
        except SlackApiError as failed:
            sent = failed.response
            error = str(sent.get("error") or "no reason given")[:100]
            if message.place is not None and error in _GONE:
                return self.post(replace(message, place=None), timeout)
            return Answer(sent.status_code, error, _find_header(sent.headers, "retry-after"))
        channel, ts = str(sent.get("channel") or self.channel), str(sent.get("ts") or "")
        return Answer(200, posted=Posted(channel, ts) if ts else None)

    def _call(self, client: WebClient, message: Message) -> SlackResponse:
        blocks: Any = message.blocks or None
        if message.place is not None:
            place = message.place
            return client.chat_update(channel=place.channel, ts=place.ts, text=message.text, blocks=blocks)
        return client.chat_postMessage(
            channel=self.channel,
            text=message.text,
            blocks=blocks,
            thread_ts=message.thread or None,
            reply_broadcast=message.broadcast or None,
            unfurl_links=False,
            unfurl_media=False,
        )


def send(
    message: Message, sender: Sender, *, limit: float, sleep: Callable[[float], None] = time.sleep
) -> Posted | None:
    """Send a message, again where Slack asks for it or fails, and return what names it; None for webhooks.

    Args:
        message: The message.
        sender: How to send it.
        limit: The seconds that all of it may take.
        sleep: Waits.

    Raises:
        StepError: Slack did not take it.
    """
    ends = time.monotonic() + limit
    for number in range(1, _TRIES + 1):
        answer = _post(message, sender, min(_TIMEOUT, ends - time.monotonic()))
        if not answer.error:
            return answer.posted
        pause = _find_pause(answer, number)
        if pause is None or number == _TRIES or time.monotonic() + pause >= ends:
            raise _explain(answer)
        sleep(pause)
    raise AssertionError("the last try returns or raises")


def _post(message: Message, sender: Sender, timeout: float) -> Answer:
    """Send a message once; a network that fails is an answer, too."""
    try:
        return sender.post(message, timeout)
    except TimeoutError:
        return Answer(0, "no answer in time")
    except URLError as error:
        reason = error.reason
        return Answer(0, "no answer in time" if isinstance(reason, TimeoutError) else str(reason))
    except (OSError, ValueError) as error:
        return Answer(0, f"{type(error).__name__}")
    except Exception as error:
        if not type(error).__module__.startswith(("slack_sdk.", "http.")):
            raise
        return Answer(0, type(error).__name__)


def _find_pause(answer: Answer, number: int) -> float | None:
    """Return the seconds until the next try; None where another one would change nothing."""
    if answer.status == _TOO_MANY:
        try:
            return max(0.0, float(answer.retry_after))
        except ValueError:
            return _FIRST_PAUSE
    if answer.status >= 500:
        return float(_FIRST_PAUSE * 2 ** (number - 1))
    return None


def _explain(answer: Answer) -> StepError:
    status = f" ({answer.status})" if answer.status not in {0, 200} else ""
    wait = f", for {answer.retry_after} s" if answer.status == _TOO_MANY and answer.retry_after else ""
    return StepError(f"Slack did not take the message: {answer.error}{status}{wait}", hint=_HINTS.get(answer.error))


def _find_header(headers: Mapping[str, Any], name: str) -> str:
    value = next((value for key, value in headers.items() if key.lower() == name), "")
    return str(value[0] if isinstance(value, list) and value else value)
