"""A Slack of our own: takes messages as Slack does, refuses what its documentation refuses, and remembers the rest.

Limits: https://docs.slack.dev/reference/block-kit/blocks, composition objects, chat.postMessage, rate limits.
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

CHANNEL = "C024BE91L"
"""The ID of every channel."""

_MARKUP = re.compile(r"<(?:!(?:here|channel|everyone)|@[UW]\w+|!subteam\^S\w+|https?://[^|<>\s]+\|[^<>|]+)>")
_ENTITY = re.compile(r"&(?:amp|lt|gt);")


@dataclass
class Planned:
    """An answer that the server gives instead of its own: status, headers, body, and after which delay."""

    status: int
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0


@dataclass
class SlackServer:
    """What came in, what was there before it was changed, and what is answered next."""

    address: str = ""
    messages: list[dict[str, Any]] = field(default_factory=list)
    replaced: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    planned: list[Planned] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @property
    def webhook(self) -> str:
        """The address of a webhook, secret parts and all."""
        return f"{self.address}/services/T00000000/B00000000/hookhookhookhookhookhook"

    @property
    def api(self) -> str:
        """The address of the Web API."""
        return f"{self.address}/api/"


def validate_message(message: dict[str, Any]) -> list[str]:
    """Return what Slack would refuse in a message, and what it would take for markup that it is not."""
    wrong = []
    blocks = message.get("blocks", [])
    if not message.get("text") and not blocks:
        wrong.append("no_text")
    if len(message.get("text", "")) > 4000:
        wrong.append("text is longer than 4000")
    if len(blocks) > 50:
        wrong.append(f"{len(blocks)} blocks")
    for block in blocks:
        wrong += _validate_block(block)
    if _units(json.dumps(blocks, ensure_ascii=False)) > 13_000:  # so it does, though no page says so
        wrong.append("msg_blocks_too_long")
    return wrong + _validate_markup(message.get("text", ""))


def _validate_block(block: dict[str, Any]) -> list[str]:
    match block:
        case {"type": "header", "text": {"type": "plain_text", "text": str() as text}}:
            return _validate_length(text, 150, "header")
        case {"type": "section", "text": {"type": "mrkdwn", "text": str() as text}}:
            return _validate_length(text, 3000, "section") + _validate_markup(text)
        case {"type": "context", "elements": list() as elements}:
            wrong = [] if 1 <= len(elements) <= 10 else [f"{len(elements)} elements"]
            for element in elements:
                wrong += _validate_length(element["text"], 3000, "context") + _validate_markup(element["text"])
            return wrong
    return [f"no block that Slack knows: {block}"]


def _validate_length(text: str, most: int, what: str) -> list[str]:
    return [] if 1 <= _units(text) <= most and text.strip() else [f"{what} of {_units(text)} characters"]


def _validate_markup(text: str) -> list[str]:
    rest = _ENTITY.sub("", _MARKUP.sub("", text)).replace("->", "")
    return [f"{char} is not escaped in {text!r}" for char in "&<>" if char in rest]


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "replace")) // 2


@contextlib.contextmanager
def running_slack() -> Iterator[SlackServer]:
    """Run a Slack on this machine."""
    state = SlackServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            message = json.loads(body)
            state.paths.append(self.path)
            state.headers.append(dict(self.headers.items()))
            planned = state.planned.pop(0) if state.planned else self._judge(message)
            time.sleep(planned.delay)
            with contextlib.suppress(OSError):  # who asked may not wait any more
                self.send_response(planned.status)
                for name, value in planned.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(planned.body.encode())

        def _judge(self, message: dict[str, Any]) -> Planned:
            complaints = validate_message(message)
            state.complaints += complaints
            if self.path.startswith("/services/"):
                if complaints:
                    return Planned(400, "invalid_blocks")
                state.messages.append(message)
                return Planned(200, "ok")
            if complaints or not message.get("channel"):
                return Planned(200, json.dumps({"ok": False, "error": "invalid_blocks"}))
            if self.path == "/api/chat.update":
                return self._change(message)
            state.messages.append(message)
            answer = {"ok": True, "channel": CHANNEL, "ts": f"1700000000.{len(state.messages):06}"}
            return Planned(200, json.dumps(answer))

        def _change(self, message: dict[str, Any]) -> Planned:
            """Change a message, which is named by the ID of its channel and by its time."""
            number = int(message["ts"].partition(".")[2]) - 1
            if message["channel"] != CHANNEL:
                return Planned(200, json.dumps({"ok": False, "error": "channel_not_found"}))
            if not 0 <= number < len(state.messages):
                return Planned(200, json.dumps({"ok": False, "error": "message_not_found"}))
            state.replaced.append(dict(state.messages[number]))
            state.messages[number].update(message)
            return Planned(200, json.dumps({"ok": True, "channel": CHANNEL, "ts": message["ts"]}))

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
