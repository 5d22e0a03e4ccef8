"""Connections that are opened before they are needed."""

import asyncio
import contextlib
import threading

import pytest

from dray.core.host import Host
from dray.deploy.accept import UnknownHostError
from dray.deploy.early import EarlyConnections
from dray.deploy.interruption import run_with_hosts
from dray.errors import RemoteError

WEB, DB = Host("web"), Host("db")


class Connection:
    def __init__(self, number):
        self.number, self.is_open = number, True


class Transport:
    """Opens numbered connections, each after a number of seconds, or fails."""

    def __init__(self, *, seconds=0.0, error=None):
        self.seconds, self.error = seconds, error
        self.opened, self.open_now, self.most = [], 0, 0

    @contextlib.asynccontextmanager
    async def connect(self, host):
        self.open_now += 1
        self.most = max(self.most, self.open_now)
        await asyncio.sleep(self.seconds)
        self.open_now -= 1
        if self.error:
            raise self.error
        connection = Connection(len(self.opened))
        self.opened.append(connection)
        try:
            yield connection
        finally:
            connection.is_open = False


def wait_until(condition):
    for _ in range(500):
        if condition():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it takes too long")


def use(early, late, host=WEB):
    """Connect to a host as a deployment does; return the connection, and whether it was open meanwhile."""

    async def work():
        async with early.before(late).connect(host) as connection:
            return connection, connection.is_open

    return run_with_hosts(work(), early.take_over)


def test_a_connection_that_was_opened_early_is_used_and_closed_in_the_end():
    first, late = Transport(), Transport()
    early = EarlyConnections(first, [WEB], at_a_time=5)
    wait_until(lambda: first.opened)
    connection, was_open = use(early, late)
    assert (connection, was_open, connection.is_open) == (first.opened[0], True, False)
    assert late.opened == []


def test_one_that_is_still_being_opened_is_waited_for():
    first, late = Transport(seconds=0.2), Transport()
    connection, was_open = use(EarlyConnections(first, [WEB], at_a_time=5), late)
    assert (connection, was_open, late.opened) == (first.opened[0], True, [])


def test_only_so_many_are_opened_at_a_time():
    first = Transport(seconds=0.02)
    early = EarlyConnections(first, [Host(f"web{number}") for number in range(6)], at_a_time=2)
    wait_until(lambda: len(first.opened) == 6)
    early.close()
    assert first.most == 2


def test_a_host_that_nobody_connected_to_early_is_connected_to_now():
    first, late = Transport(), Transport()
    connection, was_open = use(EarlyConnections(first, [DB], at_a_time=5), late)
    assert (connection, was_open) == (late.opened[0], True)


def test_one_that_was_lost_meanwhile_is_opened_again():
    first, late = Transport(), Transport()
    early = EarlyConnections(first, [WEB], at_a_time=5)
    wait_until(lambda: first.opened)
    first.opened[0].is_open = False
    connection, was_open = use(early, late)
    assert (connection, was_open) == (late.opened[0], True)


def test_what_failed_meanwhile_is_tried_again():
    first, late = Transport(error=RemoteError("no route")), Transport()
    early = EarlyConnections(first, [WEB], at_a_time=5)
    wait_until(lambda: all(task.done() for task in early._begun.values()))
    assert use(early, late) == (late.opened[0], True)


def test_what_fails_while_it_is_waited_for_is_not_tried_again():
    first, late = Transport(seconds=0.2, error=RemoteError("no route")), Transport()
    with pytest.raises(RemoteError, match="no route"):
        use(EarlyConnections(first, [WEB], at_a_time=5), late)
    assert late.opened == []


def test_an_unknown_key_is_asked_about_when_the_turn_of_the_host_comes():
    first, late = Transport(seconds=0.2, error=UnknownHostError("its key is not known")), Transport()
    assert use(EarlyConnections(first, [WEB], at_a_time=5), late) == (late.opened[0], True)


def test_those_that_nobody_takes_over_are_closed_and_those_on_their_way_given_up():
    quick, slow = Transport(), Transport(seconds=60)
    early = EarlyConnections(quick, [WEB, DB], at_a_time=5)
    wait_until(lambda: len(quick.opened) == 2)
    early.close()
    assert [connection.is_open for connection in quick.opened] == [False, False]
    EarlyConnections(slow, [WEB], at_a_time=5).close()
    assert slow.opened == []


def test_those_that_were_taken_over_are_left_to_whoever_did():
    first = Transport()
    early = EarlyConnections(first, [WEB], at_a_time=5)
    use(early, Transport())
    early.close()
    assert len(first.opened) == 1
