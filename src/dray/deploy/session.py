r"""Speaks with a host: the near side of ``deploy/host.sh``.

    session = HostSession(channel, host, show=print)
    state = parse_state(await session.ask("look"))
    await session.ask("receive", digest, str(len(pack)), payload=pack)

A command is a line; its answer are lines that end with ``ok``, or with ``failed`` and why. A command behind the word
``then`` is done if the one before it went well.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dray.errors import RemoteError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from dray.core.host import Host
    from dray.deploy.transport import Channel

_CHUNK = 256 * 1024
_HEARTBEAT = 10.0
"""Seconds between signs of life; a host takes the lock of one that it has not heard of for a minute for left over."""


@dataclass
class HostSession:
    """A connection on which ``deploy/host.sh`` listens.

    Args:
        channel: The program on the host.
        host: The host.
        show: Called with each line that programs say there meanwhile.
    """

    channel: Channel
    host: Host
    show: Callable[[str], None] = field(default=lambda _: None)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    async def ask(
        self, *words: str, payload: bytes = b"", show: Callable[[str], None] | None = None
    ) -> tuple[str, ...]:
        """Give a command, and return the lines of the answer.

        Args:
            words: The command and what belongs to it; only the last word may hold spaces.
            payload: What is sent behind the line.
            show: Called with each line that programs say there meanwhile, in the place of the session's.

        Raises:
            HostRefusedError: The host could not do it.
            RemoteError: The connection is lost.
        """
        async with self._turn:
            await self._send(words, payload)
            return tuple([line async for line in self._answer(words[0], show)])

    async def ask_in_turn(
        self, *commands: tuple[str, ...], heard: Callable[[str], None] = lambda _: None, ends: bool = False
    ) -> list[tuple[str, ...]]:
        """Give commands of which each is done if the one before it went well, and return the lines of each answer.

        They are sent at once: a host that is far away does one after the other without waiting for this machine.

        Args:
            commands: Each as for ``ask``, without a payload.
            heard: Called with the name of each command that went well.
            ends: Whether the host is asked nothing more.

        Raises:
            HostRefusedError: The host could not do one of them, and did none of those behind it.
            RemoteError: The connection is lost.
        """
        answers: list[tuple[str, ...]] = []
        refused: HostRefusedError | None = None
        async for command, answer in self._ask_at_once(commands, in_turn=True, ends=ends):
            if isinstance(answer, HostRefusedError):
                refused = refused or answer
            else:
                answers.append(answer)
                heard(command)
        if refused is not None:
            raise refused
        return answers

    async def ask_each(self, *commands: tuple[str, ...]) -> list[tuple[str, ...] | HostRefusedError]:
        """Give commands of which each is done whatever became of the one before it, and return what became of each.

        They are sent at once, as by ``ask_in_turn``.

        Args:
            commands: Each as for ``ask``, without a payload.

        Raises:
            HostRefusedError: The host has refused a command, and then gone.
            RemoteError: The connection is lost.
        """
        answers: list[tuple[str, ...] | HostRefusedError] = []
        try:
            async for _, answer in self._ask_at_once(commands):
                answers.append(answer)
        except RemoteError:
            for answer in answers:
                if isinstance(answer, HostRefusedError):
                    raise answer from None
            raise
        return answers

    async def _ask_at_once(
        self, commands: tuple[tuple[str, ...], ...], *, in_turn: bool = False, ends: bool = False
    ) -> AsyncIterator[tuple[str, tuple[str, ...] | HostRefusedError]]:
        """Send commands without waiting, then yield the name of each with its answer, or with the refusal."""
        async with self._turn:
            for number, words in enumerate(commands):
                await self._send(("then", *words) if in_turn and number else words, b"")
            if ends:
                await self.end()
            for words in commands:
                answer: tuple[str, ...] | HostRefusedError
                try:
                    answer = tuple([line async for line in self._answer(words[0])])
                except HostRefusedError as error:
                    answer = error
                yield words[0], answer

    async def read_data(self, *words: str, payload: bytes = b"") -> bytes:
        """Give a command whose answer is a file, and return that.

        Args:
            words: The command and what belongs to it.
            payload: What is sent behind the line.

        Raises:
            HostRefusedError: The host could not do it.
            RemoteError: The connection is lost.
        """
        async with self._turn:
            await self._send(words, payload)
            data = b""
            async for line in self._answer(words[0]):
                if line.startswith("data "):
                    data = await self.channel.read_exactly(int(line.split()[1]))
            return data

    async def end(self) -> None:
        """Let the host do what it was asked, and no more; without an answer.

        Raises:
            RemoteError: The connection is lost.
        """
        await self.channel.write(b"end\n")

    async def keep_alive(self) -> None:
        """Let the host know that somebody is there, until this is cancelled."""
        while True:
            await asyncio.sleep(_HEARTBEAT)
            with contextlib.suppress(RemoteError):
                if not self._turn.locked():
                    await self.channel.write(b"alive\n")

    async def _send(self, words: tuple[str, ...], payload: bytes) -> None:
        line = " ".join(words)
        if "\n" in line:
            raise ValueError(f"a command is one line, got: {line!r}")
        first = f"{line}\n".encode("utf-8", "surrogateescape") + payload[:_CHUNK]
        await self.channel.write(first)
        view = memoryview(payload)
        for start in range(_CHUNK, len(payload), _CHUNK):
            await self.channel.write(bytes(view[start : start + _CHUNK]))

    async def _answer(  # type: ignore[no-untyped-def]  # noqa: ANN202
        self, command: str, show: Callable[[str], None] | None = None
    ):
        while True:
            raw = await self.channel.read_line()
            if not raw.endswith(b"\n"):
                raise self._describe_end(command)
            line = raw.decode("utf-8", "replace").rstrip("\r\n")
            kind, _, rest = line.partition(" ")
            if kind == "ok":
                return
            if kind == "failed":
                raise HostRefusedError(self.host, command, " ".join(rest.split()))
            if kind == "log":
                (show or self.show)(rest)
            else:
                yield line

    def _describe_end(self, command: str) -> RemoteError:
        said = self.channel.errors().strip().splitlines()
        why = f": {said[-1]}" if said else ""
        return RemoteError(
            f"{self.host}: the connection ended while the host did {command}{why}",
            hint="dray status says what runs there; the same command again finishes the work",
        )


def read_report(answer: Iterable[str]) -> dict[str, Any]:
    """Return what the launcher reports within an answer; nothing where it has no report."""
    found: dict[str, Any] = {}
    for line in answer:
        if line.startswith("report "):
            with contextlib.suppress(ValueError):
                found = json.loads(line.removeprefix("report "))
    return found


class HostRefusedError(RemoteError):
    """A host could not do what it was asked.

    Args:
        host: The host.
        command: What it was asked.
        reason: What it says.
    """

    def __init__(self, host: Host, command: str, reason: str) -> None:
        super().__init__(f"{host}: {reason or f'{command} failed'}")
        self.host = host
        self.command = command
        self.reason = reason
