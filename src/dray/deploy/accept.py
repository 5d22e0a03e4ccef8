"""Who says whether the key of a host that nobody knows yet is right: a person, or the configuration.

    SshTransport(accept=accept_fingerprints(("SHA256:jW0f...",)))

There is no way to accept every key.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import threading
from collections.abc import Callable

from dray.errors import RemoteError

Accept = Callable[[str, str, str], bool]
"""Called with the host's name, the algorithm and the fingerprint (``SHA256:...``, as ``ssh-keygen -l`` shows it)."""


class UnknownHostError(RemoteError):
    """Nobody has said that the key of a host is right."""


def accept_fingerprints(fingerprints: tuple[str, ...]) -> Accept:
    """Return what accepts the keys that have one of these fingerprints."""
    known = frozenset(text if ":" in text else f"SHA256:{text}" for text in fingerprints)

    def accept(host: str, algorithm: str, fingerprint: str) -> bool:  # noqa: ARG001 - the fingerprint says all
        return fingerprint in known

    return accept


async def ask(accept: Accept, host: str, algorithm: str, fingerprint: str) -> bool:
    """Ask in a thread: other connections go on meanwhile, and Ctrl-C does not wait for an answer."""
    loop = asyncio.get_running_loop()
    answered = asyncio.Event()
    answer: concurrent.futures.Future[bool] = concurrent.futures.Future()

    def run() -> None:
        try:
            answer.set_result(accept(host, algorithm, fingerprint))
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            answer.set_exception(error)
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(answered.set)

    threading.Thread(target=run, daemon=True, name="dray-accept").start()
    await answered.wait()
    return answer.result()
