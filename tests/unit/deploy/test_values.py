"""The values of a deployment: fleets, batches, checks, hosts and what hosts say of themselves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dray.core.host import Host, parse_host
from dray.core.settings import EMPTY
from dray.deploy.batches import Batch, parse_batch, split_hosts
from dray.deploy.check import Check, parse_check
from dray.deploy.fleet import read_fleet
from dray.deploy.host_state import HostState, InstalledVersion, list_removable, parse_state
from dray.errors import ConfigError
from dray.native.platform import Platform


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("web1", Host("web1")),
        ("deploy@web1.shop.example:2222", Host("web1.shop.example", "deploy", 2222)),
        ("10.0.0.1", Host("10.0.0.1")),
        ("root@[2001:db8::1]:22", Host("2001:db8::1", "root", 22)),
    ],
)
def test_host_is_read(text, host):
    assert parse_host(text) == host


@pytest.mark.parametrize(
    "text", ["", "a b", "-oProxyCommand=x", "user@-x", "web1:99999", "web1:x", "web1\n", "@web1"]
)
def test_what_is_no_host_is_refused(text):
    with pytest.raises(ConfigError, match=r"a host is written \[USER@\]NAME\[:PORT\]"):
        parse_host(text)


@pytest.mark.parametrize(("given", "batch"), [(2, Batch(2)), ("3", Batch(3)), ("10%", Batch(10, share=True))])
def test_batch_is_a_number_or_a_percentage(given, batch):
    assert parse_batch(given) == batch


@pytest.mark.parametrize("given", [0, -1, "0%", "101%", "a", "1.5", "", "²"])
def test_what_is_no_batch_is_refused(given):
    with pytest.raises(ConfigError, match="a batch is a number of hosts"):
        parse_batch(given)


def test_last_batch_repeats():
    sizes = [len(batch) for batch in split_hosts(range(20), (Batch(1), Batch(25, share=True)))]
    assert sizes == [1, 5, 5, 5, 4]


@given(
    st.integers(0, 60), st.lists(st.builds(Batch, st.integers(1, 100), share=st.booleans()), min_size=1, max_size=4)
)
def test_every_host_follows_once(count, batches):
    found = split_hosts(range(count), batches)
    assert [host for batch in found for host in batch] == list(range(count))
    assert all(found)


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ("http://localhost:4000/up", Check("http", "http://localhost:4000/up")),
        ("elixir: Shop.well?()", Check("expression", "Shop.well?()")),
        ("bin/check --fast", Check("command", "bin/check --fast")),
    ],
)
def test_check_is_told_by_its_beginning(text, check):
    assert parse_check(text) == check


@pytest.mark.parametrize("text", ["", "  ", "a\nb"])
def test_what_is_no_check_is_refused(text):
    with pytest.raises(ConfigError, match="a check is a URL"):
        parse_check(text)


def fleet(**values):
    return read_fleet(EMPTY.merge("fleet", "web", values, None), "web")


def test_fleet_is_read_from_the_configuration():
    found = fleet(hosts=["web1", "root@web2"], user="deploy", parallel=1, check="true")
    assert found.hosts == (Host("web1", "deploy"), Host("web2", "root"))
    assert (found.batches, found.checks) == ((Batch(1),), (Check("command", "true"),))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"hosts": ["a", "b", "a"]}, "has the host a twice"),
        ({"hosts": []}, "has no hosts"),
        ({"hosts": ["a"], "keep": 0}, "keep is 1 or more"),
        ({"hosts": ["a"], "parallel": 1, "batches": [1]}, "there is one of them"),
        ({"hosts": ["a"], "batchs": [1]}, "a fleet has no option 'batchs'"),
        ({"hosts": "a"}, "hosts is a list of a string"),
        ({"hosts": ["a"], "upgrade": "warm"}, "upgrade is one of"),
    ],
)
def test_fleet_that_breaks_a_rule_is_refused(values, message):
    with pytest.raises(ConfigError, match=message):
        fleet(**values)


def test_fleet_that_is_not_there_is_said_with_those_that_are():
    settings = EMPTY.merge("fleet", "web", {"hosts": ["a"]}, None)
    with pytest.raises(ConfigError, match="there is no fleet wep; there are: web") as caught:
        read_fleet(settings, "wep")
    assert caught.value.suggestion() == "web"


def test_hosts_do_not_hide_a_fleet_that_is_not_there():
    settings = EMPTY.merge("fleet", "web", {"hosts": ["a"]}, None)
    with pytest.raises(ConfigError, match="there is no fleet wep; there are: web"):
        read_fleet(settings, "wep", hosts=("a",))


def test_hosts_of_the_command_line_take_the_place_of_the_configured_ones():
    settings = EMPTY.merge("fleet", "web", {"hosts": ["a"], "keep": 2}, None)
    found = read_fleet(settings, "web", hosts=("b",))
    assert ([host.name for host in found.hosts], found.options.keep) == (["b"], 2)


def test_state_is_read_from_what_a_host_says():
    state = parse_state(
        (
            "fact system Linux",
            "fact cpu arm64",
            "fact libc gnu 2.36",
            "fact free_kb 1000",
            "fact setup yes",
            "fact permanent 0.1.0",
            "version 0.1.0 ab12 good 5 cafe",
            "version 0.0.9 ab13 ready 0 ",
            "stage ab14",
            'status {"state": "running", "version": "0.1.0"}',
            "something from a later version",
        )
    )
    assert state.platform == Platform("aarch64", "linux", "gnu", (2, 36))
    assert (state.is_set_up, state.free_bytes, state.running) == (True, 1_024_000, "0.1.0")
    assert state.find("0.1.0") == InstalledVersion("0.1.0", "ab12", "good", 5, "cafe")
    assert state.stages == ("ab14",)


@given(st.lists(st.text(max_size=40), max_size=10))
def test_whatever_a_host_says_can_be_read(lines):
    assert isinstance(parse_state(lines), HostState)


def test_launcher_that_speaks_no_json_says_nothing():
    assert parse_state(("status shop 0.1.0 is running: pid 1",)).running == ""


def installed(*states):
    return tuple(InstalledVersion(f"0.{n}.0", "", state, n) for n, state in enumerate(states))


@pytest.mark.parametrize(
    ("states", "keep", "gone"),
    [
        (("good",) * 5, 2, ("0.0.0", "0.1.0", "0.2.0")),
        (("good", "bad", "bad", "bad", "good"), 2, ("0.1.0",)),
        (("good", "bad", "good"), 1, ()),
        (("good",), 1, ()),
    ],
)
def test_good_versions_are_counted_and_the_last_good_one_stays(states, keep, gone):
    last = f"0.{len(states) - 1}.0"
    state = HostState({"permanent": last}, installed(*states), status={"version": last})
    assert list_removable(state, keep=keep) == gone


def test_running_version_stays_however_old_it_is():
    state = HostState({"permanent": "0.4.0"}, installed(*["good"] * 5), status={"version": "0.0.0"})
    assert "0.0.0" not in list_removable(state, keep=1)
