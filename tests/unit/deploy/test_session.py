"""What a host is asked, and what it does of it."""

from __future__ import annotations

import asyncio

import pytest

from dray.core.host import parse_host
from dray.deploy.local import LocalTransport
from dray.deploy.member import open_party
from dray.deploy.session import HostRefusedError, HostSession
from tests.folder_hosts import FolderHosts

WELL, NOT_WELL = ("check", "0", "command", "true"), ("check", "0", "command", "echo no; false")
WRITE = ("audit", "{}")
WEB = parse_host("web1")


@pytest.fixture
def hosts(tmp_path):
    return FolderHosts(tmp_path)


def ask(hosts, *commands, **how):
    async def talk():
        async with open_party([WEB], hosts.place, hosts.board(), connections=1) as party:
            return await party.members[0].session.ask_in_turn(*commands, **how)

    return asyncio.run(talk())


def test_commands_are_done_one_after_the_other(hosts):
    heard = []
    assert ask(hosts, WELL, ("running",), WRITE, heard=heard.append) == [(), ("fact permanent ",), ()]
    assert heard == ["check", "running", "audit"]


@pytest.mark.parametrize(("commands", "done"), [((NOT_WELL, WRITE), 0), ((WELL, NOT_WELL, WELL, WRITE), 1)])
def test_what_stands_behind_a_command_that_failed_is_not_done(hosts, commands, done):
    heard = []
    with pytest.raises(HostRefusedError, match="not command .*no") as caught:
        ask(hosts, *commands, heard=heard.append)
    assert caught.value.command == "check"
    assert heard == ["check"] * done
    assert not (hosts["web1"].root / ".dray/audit.log").exists()


def test_host_does_what_it_was_asked_before_the_end(hosts):
    assert ask(hosts, WRITE, WRITE, ends=True) == [(), ()]
    assert (hosts["web1"].root / ".dray/audit.log").read_text() == "{}\n{}\n"


def test_commands_that_do_not_depend_on_each_other_are_done_whatever_becomes_of_one(hosts):
    async def talk():
        async with open_party([WEB], hosts.place, hosts.board(), connections=1) as party:
            return await party.members[0].session.ask_each(NOT_WELL, ("running",), WRITE)

    refused, running, written = asyncio.run(talk())
    assert (refused.command, "no" in refused.reason) == ("check", True)
    assert (running, written) == (("fact permanent ",), ())
    assert (hosts["web1"].root / ".dray/audit.log").read_text() == "{}\n"


def test_host_that_refuses_and_goes_away_says_why():
    async def talk():
        program = ("sh", "-c", 'read -r _; echo "failed guest may not run sudo here"; exit 1')
        async with LocalTransport().connect(WEB) as connection, connection.start(program) as channel:
            await HostSession(channel, WEB).ask_each(("lock", "ann", "ann deploys"), ("look",))

    with pytest.raises(HostRefusedError, match="web1: guest may not run sudo here"):
        asyncio.run(talk())
