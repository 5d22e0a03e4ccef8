"""What all transports have in common, as one table: this machine, asyncssh's server, and a real sshd by both ways."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import time

import pytest

from dray.core.host import Host
from dray.deploy.local import LocalTransport
from dray.deploy.openssh import OpenSshTransport
from dray.deploy.ssh import SshTransport
from dray.deploy.transport import LINE_LIMIT
from dray.errors import RemoteError
from tests.harness import wait_for
from tests.ssh_hosts import make_client, run_sshd, serve

WEB1 = Host("web1")
KINDS = [
    "local",
    "asyncssh",
    pytest.param("asyncssh to sshd", marks=pytest.mark.sshd),
    pytest.param("openssh", marks=pytest.mark.sshd),
]


@pytest.fixture(scope="module")
def sshd(tmp_path_factory):
    """Return a user of a real sshd."""
    folder = tmp_path_factory.mktemp("sshd")
    client = make_client(folder / "client")
    with run_sshd(client, folder) as port:
        client.add_host("web1", port)
        client.learn(folder / "host.pub", port)
        yield client


@pytest.fixture(params=KINDS)
def reach(request, tmp_path):
    """Return what connects to a host, in each way that there is."""
    kind = request.param
    if kind == "local":
        return lambda: LocalTransport().connect(WEB1)
    transport = SshTransport if kind.startswith("asyncssh") else OpenSshTransport
    if kind != "asyncssh":
        client = request.getfixturevalue("sshd")
        return lambda: transport(client.config).connect(WEB1)
    client = make_client(tmp_path / "client")

    @contextlib.asynccontextmanager
    async def connect():
        async with serve(client) as (port, key):
            client.add_host("web1", port)
            client.learn(key, port)
            async with transport(client.config).connect(WEB1) as connection:
                yield connection

    return connect


def run_on(reach, work):
    """Run a piece of work on a connection; no task and no process may be left."""

    async def whole():
        async with reach() as connection:
            done = await work(connection)
        await asyncio.sleep(0)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        assert not [task for task in others if "dray" in repr(task)], others
        return done

    done = asyncio.run(whole())
    gc.collect()
    return done


def test_lines_go_both_ways(reach):
    async def work(connection):
        async with connection.start(("cat",)) as channel:
            await channel.write(b"one\n")
            first = await channel.read_line()
            await channel.write(b"two\nthree")
            second = await channel.read_line()
            return first, second, await channel.wait()

    assert run_on(reach, work) == (b"one\n", b"two\n", 0)


def test_many_lines_are_read_in_order(reach):
    async def work(connection):
        async with connection.start(
            ("sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); echo $i; done")
        ) as channel:
            lines = [await channel.read_line() for _ in range(20001)]
            return lines, await channel.wait()

    lines, status = run_on(reach, work)
    assert lines == [b"%d\n" % number for number in range(1, 20001)] + [b""]
    assert status == 0


def test_fifty_megabytes_go_both_ways(reach):
    payload = bytes(range(256)) * (50 * 1024 * 4)

    async def work(connection):
        async with connection.start(("cat",)) as channel:
            writing = asyncio.create_task(channel.write(payload))
            got = await channel.read_exactly(len(payload))
            await writing
            return got, await channel.wait()

    got, status = run_on(reach, work)
    assert got == payload
    assert status == 0


def test_arguments_reach_the_program_as_they_are(reach):
    words = ("a b", "$HOME", "it's", '"', "*", "", "\\", "ä\n;x", "`id`", "-n")

    async def work(connection):
        async with connection.start(("printf", "%s\\0", *words)) as channel:
            return await channel.read_exactly(sum(len(word.encode()) + 1 for word in words))

    assert run_on(reach, work) == b"".join(word.encode() + b"\0" for word in words)


def test_bytes_that_are_no_text_pass(reach):
    async def work(connection):
        async with connection.start(("sh", "-c", "cat; printf '\\377\\376\\n' >&2")) as channel:
            await channel.write(b"\xff\x00\xfe\r\n")
            line = await channel.read_line()
            await channel.wait()
            return line, channel.errors()

    assert run_on(reach, work) == (b"\xff\x00\xfe\r\n", "\ufffd\ufffd")


@pytest.mark.parametrize("status", [0, 7, 255])
def test_the_status_is_told(reach, status):
    async def work(connection):
        async with connection.start(("sh", "-c", f"exit {status}")) as channel:
            return await channel.wait()

    assert run_on(reach, work) == status


def test_a_signal_is_told_where_the_transport_is_told(reach, request):
    async def work(connection):
        async with connection.start(("sh", "-c", "kill -9 $$")) as channel:
            return await channel.wait()

    assert run_on(reach, work) == (255 if "openssh" in request.node.name else -9)


def test_the_last_lines_of_errors_are_kept(reach):
    async def work(connection):
        script = "i=0; while [ $i -lt 300 ]; do i=$((i+1)); echo error $i >&2; done; exit 3"
        async with connection.start(("sh", "-c", script)) as channel:
            assert await channel.wait() == 3
            return channel.errors().splitlines()

    assert run_on(reach, work) == [f"error {number}" for number in range(261, 301)]


def test_a_program_that_ends_early_is_told_by_its_status_and_its_errors(reach):
    async def work(connection):
        async with connection.start(("sh", "-c", "echo no space >&2; exit 4")) as channel:
            await channel.write(b"x" * (8 << 20))
            assert await channel.read_line() == b""
            assert await channel.wait() == 4
            with pytest.raises(RemoteError, match="sh on web1 ended after 0 of 3 bytes") as caught:
                await channel.read_exactly(3)
            return caught.value.output

    assert run_on(reach, work) == "no space"


def test_what_nobody_reads_does_not_keep_a_program(reach):
    async def work(connection):
        async with connection.start(("head", "-c", "20000000", "/dev/zero")) as channel:
            return await channel.wait()

    assert run_on(reach, work) == 0


def test_a_line_that_is_too_long_is_an_error(reach):
    async def work(connection):
        async with connection.start(("head", "-c", str(3 * LINE_LIMIT), "/dev/zero")) as channel:
            with pytest.raises(RemoteError, match="head on web1 printed a line of more than"):
                await channel.read_line()

    run_on(reach, work)


def test_one_connection_runs_several_programs_at_once(reach):
    async def work(connection):
        async with connection.start(("cat",)) as first, connection.start(("cat",)) as second:
            await first.write(b"1\n")
            await second.write(b"2\n")
            return await second.read_line(), await first.read_line()

    assert run_on(reach, work) == (b"2\n", b"1\n")


def test_leaving_the_block_ends_the_program(reach, tmp_path):
    file = tmp_path / "pid"

    async def work(connection):
        script = f"echo $$ >{file}; echo ready; while read -r line; do :; done; echo gone >{file}"
        async with connection.start(("sh", "-c", script)) as channel:
            await channel.read_line()
        assert file.read_text() == "gone\n"

    run_on(reach, work)


@pytest.mark.parametrize("reach", ["local", "asyncssh"], indirect=True)  # sshd sends root none, and ssh asks for none
def test_a_program_that_does_not_look_at_its_input_is_sent_a_signal(reach, tmp_path):
    file = tmp_path / "pid"

    async def work(connection):
        script = f"trap 'echo caught >{file}; exit' TERM; echo ready; while :; do sleep 0.1; done"
        async with connection.start(("sh", "-c", script)) as channel:
            await channel.read_line()

    run_on(reach, work)
    wait_for(lambda: file.exists() and file.read_text() == "caught\n", "the signal")


def test_an_error_in_the_block_is_raised_as_it_is(reach):
    async def work(connection):
        with pytest.raises(ZeroDivisionError):
            async with connection.start(("cat",)):
                raise ZeroDivisionError

    run_on(reach, work)


def test_an_interruption_ends_program_and_connection(reach):
    async def interrupted():
        async with reach() as connection, connection.start(("cat",)) as channel:
            await channel.read_line()

    async def whole():
        task = asyncio.create_task(interrupted())
        await asyncio.sleep(0.5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    before = time.monotonic()
    asyncio.run(whole())
    gc.collect()
    assert time.monotonic() - before < 6
