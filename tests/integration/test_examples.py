"""The example umbrella as its pages show it: built, started, asked over HTTP, stopped."""

from __future__ import annotations

import urllib.error
import urllib.request

import pytest

from tests.harness import EXAMPLES, build, copy_project, wait_for

pytestmark = pytest.mark.beam


@pytest.fixture(scope="session")
def shop(tmp_path_factory):
    """The example, built; the release."""
    project = copy_project(EXAMPLES / "shop_umbrella", tmp_path_factory.mktemp("shop") / "shop_umbrella")
    build(project)
    return project / "_build/prod/rel/shop"


def ask(port, path, method="GET"):
    """Return the status, the kind and the text of an answer."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - to this host, over HTTP
            return answer.status, answer.headers["content-type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["content-type"], error.read().decode()


def answers(port):
    try:
        return ask(port, "/greeting")[0] == 200
    except OSError:
        return False


def test_the_shop_sells_what_it_has(shop, launch, port):
    launcher = launch(shop, "shop", PORT=str(port), SHOP_CURRENCY="guilders")
    with launcher.running():
        wait_for(lambda: answers(port), "the shop to open")
        assert ask(port, "/greeting")[2] == "Welcome to the shop\n"
        assert ask(port, "/price/lamp")[2] == "a lamp costs 49 guilders, 12 left\n"
        assert ask(port, "/buy/lamp", "POST") == (200, "text/plain; charset=utf-8", "sold\n")
        assert ask(port, "/price/lamp")[2] == "a lamp costs 49 guilders, 11 left\n"
        assert launcher("rpc", 'IO.inspect(Shop.describe("lamp"))').out == (
            '{:ok, "a lamp costs 49 guilders, 11 left"}\n'
        )
        assert ask(port, "/buy/boat", "POST")[0] == 404
        status, kind, page = ask(port, "/")
        assert (status, kind) == (200, "text/html; charset=utf-8")
        assert page == (EXAMPLES / "shop_umbrella/apps/shop_web/priv/static/index.html").read_text()
        assert ask(port, "/shop.css")[1] == "text/css"
    assert not answers(port)


def test_what_the_host_does_not_say_has_a_default(shop, launch, port):
    launcher = launch(shop, "shop")
    asked = launcher(
        "eval", "IO.inspect({Application.get_env(:shop, :currency), Application.get_env(:shop_web, :port)})"
    )
    assert asked.out == '{"EUR", 4040}\n'


def test_a_value_that_makes_no_sense_ends_the_start_with_a_reason(shop, launch):
    done = launch(shop, "shop", PORT="none", ERL_CRASH_DUMP_SECONDS="0")("start")
    assert done.status != 0
    assert "binary_to_integer" in done.out + done.err


def test_the_example_brings_a_page_that_says_how_to_start_it(shop):
    assert "bin/shop start" in (shop / "share/README").read_text()
