"""The server answers as HTTP says, and gives nothing away that is not below its folder."""

from __future__ import annotations

import http.client
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dray.repository.serve import find_file, make_server, parse_range


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "store"
    (folder / "pool/sub").mkdir(parents=True)
    (folder / ".dray").mkdir()
    (folder / ".dray/lock").write_text("x")
    (folder / "pool/a~b+c.deb").write_bytes(bytes(range(100)))
    (folder / "empty").touch()
    (tmp_path / "secret").write_text("secret")
    (folder / "out").symlink_to(tmp_path / "secret")
    (folder / "in").symlink_to("pool/a~b+c.deb")
    return folder


@pytest.fixture
def ask(root):
    server = make_server(root, "127.0.0.1", 0, page=lambda url: f"<p>{url}</p>", log=lambda _: None)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    connection = http.client.HTTPConnection(*server.server_address[:2], timeout=10)

    def run(path, method="GET", **headers):
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer, answer.read()

    yield run
    connection.close()
    server.shutdown()
    thread.join()
    server.server_close()


def test_files_are_served_and_connections_stay_open(ask):
    for path in ("/pool/a~b+c.deb", "/pool/a%7eb%2bc.deb", "/pool/a~b+c.deb?x=1", "/in"):
        answer, data = ask(path)
        assert (answer.status, data) == (200, bytes(range(100)))
    answer, data = ask("/pool/a~b+c.deb", "HEAD")
    assert (answer.status, data, answer.headers["Content-Length"]) == (200, b"", "100")
    assert ask("/empty")[1] == b""


@pytest.mark.parametrize(
    "path",
    [
        "/none",
        "/pool",
        "/pool/",
        "//pool",
        "/../secret",
        "/pool/../../secret",
        "/%2e%2e/secret",
        "/..%2fsecret",
        "/pool/..%5c..%5csecret",
        "/out",
        "/.dray/lock",
        "/%00",
        "/pool/%ff",
    ],
)
def test_nothing_else_is(ask, path):
    answer, data = ask(path)
    assert (answer.status, data) == (404, b"there is no such file\n")


@pytest.mark.parametrize(
    ("wanted", "status", "data"),
    [
        ("bytes=0-9", 206, bytes(range(10))),
        ("bytes=90-", 206, bytes(range(90, 100))),
        ("bytes=-10", 206, bytes(range(90, 100))),
        ("bytes=90-500", 206, bytes(range(90, 100))),
        ("bytes=-500", 206, bytes(range(100))),
        ("bytes=100-", 416, b""),
        ("bytes=-0", 416, b""),
        ("bytes=5-2", 200, bytes(range(100))),
        ("bytes=0-1,5-6", 200, bytes(range(100))),
        ("lines=1-2", 200, bytes(range(100))),
    ],
)
def test_ranges_are_served(ask, wanted, status, data):
    answer, found = ask("/pool/a~b+c.deb", Range=wanted)
    assert (answer.status, found) == (status, data)
    assert (answer.headers["Content-Range"] is not None) == (status != 200)


def test_what_has_not_changed_is_not_sent(ask):
    changed = ask("/empty")[0].headers["Last-Modified"]
    answer, data = ask("/empty", If_Modified_Since=changed)
    assert (answer.status, data) == (304, b"")
    assert ask("/empty", If_Modified_Since="Thu, 01 Jan 1970 00:00:00 GMT")[0].status == 200
    assert ask("/empty", If_Modified_Since="nonsense")[0].status == 200
    assert ask("/pool/a~b+c.deb", Range="bytes=0-1", If_Range="Thu, 01 Jan 1970 00:00:00 GMT")[0].status == 200


def test_the_page_says_under_which_address_it_was_found(ask):
    assert ask("/", Host="apt.shop.example:8000")[1] == b"<p>http://apt.shop.example:8000</p>"
    assert ask("/", "HEAD")[1] == b""
    assert ask("/", "POST")[0].status == 501


@given(st.text(max_size=30))
def test_no_path_leads_out(tmp_path_factory, path):
    root = tmp_path_factory.getbasetemp()
    found = find_file(root, f"/{path}")
    assert found is None or found.is_relative_to(root)


@given(st.text("bytes=-0123456789,", max_size=20), st.integers(0, 200))
def test_a_range_is_inside_of_the_file(text, size):
    try:
        found = parse_range(text, size)
    except ValueError:
        return
    assert found is None or 0 <= found[0] < found[1] <= size
