"""Plain text reaches the services that apprise knows; without apprise it is said what to install."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from dray.errors import StepError
from dray.notify.report import Event
from dray.notify.services import name_service, send_plain

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")  # which apprise still loads on Python 3.11


@pytest.fixture
def endpoint():
    heard, status = [], [200]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            with contextlib.suppress(OSError):
                self.send_response(status[0])
                self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"json://user:geheimgeheim@127.0.0.1:{server.server_address[1]}/path/tokentoken", heard, status
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("event", "kind"),
    [(Event.DONE, "success"), (Event.FAILED, "failure"), (Event.INTERRUPTED, "warning")],
)
def test_a_service_gets_title_and_text(endpoint, event, kind):
    url, heard, _ = endpoint
    send_plain(url, "shop 1 -> 2", "  1a2b3c4 Sell <lamps>", event)
    (message,) = heard
    assert (message["title"], message["message"], message["type"]) == ("shop 1 -> 2", "  1a2b3c4 Sell <lamps>", kind)


def test_a_service_that_takes_html_gets_the_same_text_escaped(endpoint):
    url, heard, _ = endpoint
    send_plain(f"{url}?format=html", "shop", "Sell <lamps>\nagain", Event.DONE)
    assert "&lt;lamps&gt;" in heard[0]["message"]
    assert "<br" in heard[0]["message"]


def test_a_refusal_is_told_without_the_address(endpoint, capfd, caplog):
    url, _, status = endpoint
    status[0] = 500
    with pytest.raises(StepError, match=r"json:// did not take the message: .*500") as caught:
        send_plain(url, "t", "b", Event.DONE)
    said = str(caught.value) + caplog.text + "".join(capfd.readouterr())
    assert "geheim" not in said
    assert "token" not in said


@pytest.mark.parametrize(
    "url", ["nothing", "nosuchservice://geheimgeheim", "mailto://", "://", "slack://geheimgeheim"]
)
def test_an_address_that_is_none_is_told_without_it(url, capfd):
    with pytest.raises(StepError, match="apprise cannot read the address") as caught:
        send_plain(url, "t", "b", Event.DONE)
    assert "geheim" not in str(caught.value) + "".join(capfd.readouterr())


def test_without_apprise_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(StepError, match="the package apprise is not installed") as caught:
        send_plain("json://x", "t", "b", Event.DONE)
    assert "pip install 'dray[notify]'" in caught.value.hint


def test_only_the_kind_of_an_address_is_shown():
    assert name_service("mailto://ops:pw@x.example") == "mailto"
    assert name_service("secret") == "?"
    assert name_service("se cret://x") == "?"
