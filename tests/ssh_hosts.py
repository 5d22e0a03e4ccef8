"""Hosts for tests of ssh: the server of asyncssh in the same process, a real sshd, and a cable that can be cut."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import asyncssh

from tests.harness import wait_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from asyncssh import SSHServerProcess


@dataclass(frozen=True)
class ClientFolder:
    """The files of a user of ssh, in a folder of the test's own."""

    path: Path

    @property
    def config(self) -> Path:
        return self.path / "config"

    @property
    def known(self) -> Path:
        return self.path / "known_hosts"

    def add_host(self, name: str, port: int, *lines: str) -> None:
        """Write a host's lines into the configuration."""
        given = "".join(f"  {line}\n" for line in lines)
        with self.config.open("a", encoding="utf-8") as file:
            file.write(
                f"Host {name}\n  HostName 127.0.0.1\n  Port {port}\n{given}  IdentityFile {self.path}/user\n"
                f"  IdentitiesOnly yes\n  IdentityAgent none\n  UserKnownHostsFile {self.known}\n"
                f"  GlobalKnownHostsFile {self.path}/global\n"
            )

    def learn(self, key: asyncssh.SSHKey | Path, port: int, name: str = "127.0.0.1") -> str:
        """Write a host's key into the file of known hosts, and return the line."""
        text = key.read_text() if isinstance(key, Path) else key.export_public_key().decode()
        line = f"[{name}]:{port} {' '.join(text.split()[:2])}\n"
        with self.known.open("a", encoding="utf-8") as file:
            file.write(line)
        return line


def make_client(path: Path) -> ClientFolder:
    """Make the files of a user with one key."""
    path.mkdir(exist_ok=True)
    key = asyncssh.generate_private_key("ssh-ed25519", comment="user")
    key.write_private_key(path / "user")
    key.write_public_key(path / "user.pub")
    (path / "user").chmod(0o600)
    return ClientFolder(path)


class _Programs:
    """Runs what clients ask for, as sshd does."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    async def run(self, process: SSHServerProcess[bytes]) -> None:
        task = asyncio.create_task(_run_program(process))
        self._running.add(task)
        with contextlib.suppress(asyncio.CancelledError):
            await task
        self._running.discard(task)

    async def end(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)


async def _run_program(process: SSHServerProcess[bytes]) -> None:
    program = await asyncio.create_subprocess_exec(
        "sh",
        "-c",
        f"exec {process.command}",  # as bash does it, so that a signal is seen
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    pumps = [
        asyncio.create_task(_feed(process.stdin, program)),
        asyncio.create_task(_pump(program.stdout, process.stdout)),
        asyncio.create_task(_pump(program.stderr, process.stderr)),
    ]
    try:
        await asyncio.gather(*pumps[1:])
        status = await program.wait()
        if status < 0:
            process.exit_with_signal("KILL" if status == -9 else "TERM")
        else:
            process.exit(status)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(program.pid, 9)
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)
        program._transport.close()  # type: ignore[attr-defined]
        await program.wait()


async def _feed(source, program) -> None:  # type: ignore[no-untyped-def]
    """Hand on what a client writes, and the signals that it asks for."""
    try:
        await _pump(source, program.stdin)
        while True:  # signals come after the end, too
            await source.read(1)
            await asyncio.sleep(0.05)
    except asyncssh.SignalReceived as asked:
        os.killpg(program.pid, getattr(signal, f"SIG{asked.signal}"))


async def _pump(source, target) -> None:  # type: ignore[no-untyped-def]
    with contextlib.suppress(OSError, asyncssh.Error):
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
    if isinstance(target, asyncio.StreamWriter):
        target.close()


@contextlib.asynccontextmanager
async def serve(client: ClientFolder, **options: object) -> AsyncIterator[tuple[int, asyncssh.SSHKey]]:
    """Run a server of asyncssh's that lets the client in; gives its port and its key."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    programs = _Programs()
    connections: list[asyncssh.SSHServerConnection] = []
    factory = options.pop("server_factory", asyncssh.SSHServer)

    def remember() -> asyncssh.SSHServer:
        server: asyncssh.SSHServer = factory()  # type: ignore[operator]
        server.connection_made = connections.append  # type: ignore[method-assign]
        return server

    given: dict[str, object] = {
        "server_host_keys": [key],
        "authorized_client_keys": str(client.path / "user.pub"),
        "process_factory": programs.run,
        "server_factory": remember,
        "encoding": None,
    }
    async with asyncssh.listen("127.0.0.1", 0, **(given | options)) as server:  # type: ignore[arg-type]
        try:
            yield server.get_port(), key
        finally:
            await programs.end()
            for connection in connections:
                connection.abort()
                await connection.wait_closed()


class Cable:
    """A way to a port that can be cut or silenced."""

    def __init__(self) -> None:
        self.port = 0
        self.connections = 0
        self._silent = False
        self._writers: list[asyncio.StreamWriter] = []

    @classmethod
    @contextlib.asynccontextmanager
    async def lay(cls, to: int) -> AsyncIterator[Cable]:
        """Lead a new port to another one."""
        cable = cls()
        tasks: set[asyncio.Task[None]] = set()

        async def lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            cable.connections += 1
            there, back = await asyncio.open_connection("127.0.0.1", to)
            cable._writers += [writer, back]
            for source, target in ((reader, back), (there, writer)):
                task = asyncio.create_task(cable._carry(source, target))
                tasks.add(task)

        server = await asyncio.start_server(lead, "127.0.0.1", 0)
        cable.port = server.sockets[0].getsockname()[1]
        try:
            yield cable
        finally:
            server.close()
            cable.cut()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def cut(self) -> None:
        """Reset all connections."""
        for writer in self._writers:
            writer.transport.abort()

    def silence(self) -> None:
        """Carry nothing any more, and tell nobody."""
        self._silent = True

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await source.read(65536):
                if not self._silent:
                    target.write(data)
                    await target.drain()
        if not self._silent:
            target.close()


@contextlib.contextmanager
def run_sshd(client: ClientFolder, folder: Path, **more: str) -> Iterator[int]:
    """Run a real sshd on a free port that lets the client in; gives the port. Its key is in FOLDER/host."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "host"], check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    options = {
        "ListenAddress": "127.0.0.1",
        "Port": str(port),
        "HostKey": str(folder / "host"),
        "AuthorizedKeysFile": str(client.path / "user.pub"),
        "PidFile": "none",
        "StrictModes": "no",
        "UsePAM": "no",
        "PermitRootLogin": "yes",
        "MaxStartups": "100",
        "AllowUsers": getpass.getuser(),
    }
    given = [part for name, value in (options | more).items() for part in ("-o", f"{name}={value}")]
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    program = shutil.which("sshd") or "sshd"
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([program, "-D", "-e", "-f", "/dev/null", *given], stderr=log)
    try:
        wait_for(lambda: _answers(port), "sshd")
        yield port
    finally:
        server.terminate()
        server.wait()


def _answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
