"""Takes a fleet far away: TCP relays that let every host answer some time later, for kernels without sch_netem.

    with relayed(hosts, delay_ms=40) as ssh_config:
        run("ssh", "-F", ssh_config, "h1", "true", cwd=tmp_path)

Half of the delay is added each way, and all of it before the far end is connected, as the handshake of TCP would.
How TCP gathers way on a long line, and what it does when packets get lost, is not shown.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.harness import ROOT
from tests.hosts.fleet import Fleet, write_ssh_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_numbers = itertools.count(1)


@contextlib.contextmanager
def relayed(hosts: Fleet, *, delay_ms: float = 0, rate: float = 0) -> Iterator[Path]:
    """Relay connections to the hosts while the block lasts; return a configuration of ssh(1) that uses the relays.

    Args:
        hosts: The fleet.
        delay_ms: The round trip.
        rate: So many bytes go through each connection in a second, each way; 0 for as many as there are.
    """
    # A process of its own: what is measured may be in this one.
    command = (sys.executable, "-m", "tests.hosts.relay", str(delay_ms), str(rate), *(host.address for host in hosts))
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        if process.stdout is None:
            raise AssertionError("the relays have no output")
        ports = json.loads(process.stdout.readline())
        folder = hosts.folder / f"relays{next(_numbers)}"
        folder.mkdir()
        places = {host.name: ("127.0.0.1", port) for host, port in zip(hosts, ports, strict=True)}
        try:
            yield write_ssh_files(hosts, places, folder)
        finally:
            process.kill()


async def _relay(delay: float, rate: float, addresses: list[str]) -> None:
    """Relay until the standard input ends, which it does when whoever wants the relays is gone."""
    servers = [await _serve(delay, rate, address) for address in addresses]
    sys.stdout.write(json.dumps([server.sockets[0].getsockname()[1] for server in servers]) + "\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    # Connections that are open need no farewell: none is said when a process ends.


async def _serve(delay: float, rate: float, address: str) -> asyncio.Server:
    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(delay)
        with contextlib.suppress(OSError):
            far_reader, far_writer = await asyncio.open_connection(address, 22)
            await asyncio.gather(
                _pump(delay / 2, reader, far_writer, rate=rate), _pump(delay / 2, far_reader, writer, rate=rate)
            )
            far_writer.close()
        writer.close()

    return await asyncio.start_server(connect, "127.0.0.1", 0)


async def _pump(delay: float, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, rate: float) -> None:
    """Write what is read, the delay later and at the same pace."""
    clock = asyncio.get_running_loop().time
    waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(4 if rate else 256)

    async def write() -> None:
        while True:
            due, data = await waiting.get()
            await asyncio.sleep(max(0.0, due - clock()))
            if not data:
                writer.write_eof()
                return
            writer.write(data)
            await writer.drain()
            await asyncio.sleep(len(data) / rate if rate else 0)

    writing = asyncio.create_task(write())
    with contextlib.suppress(OSError):
        data = b"x"
        while data and not writing.done():
            try:
                data = await reader.read(65536)
            except ConnectionError:
                data = b""
            await waiting.put((clock() + delay, data))
        await writing


if __name__ == "__main__":
    asyncio.run(_relay(float(sys.argv[1]) / 1000, float(sys.argv[2]), sys.argv[3:]))
