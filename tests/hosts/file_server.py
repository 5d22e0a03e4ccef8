"""A web server of this machine from which booted hosts fetch the files of a folder.

with served(folder) as port:
    host.run("curl", "-fsS", f"http://{host.wire.network.gateway}:{port}/shop.json")
"""

from __future__ import annotations

import contextlib
import functools
import http.server
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class _Files(http.server.SimpleHTTPRequestHandler):
    """Serves files, keeps connections, and says nothing of it."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def served(folder: Path) -> Iterator[int]:
    """Serve a folder while the block lasts, and yield the port."""
    handler = functools.partial(_Files, directory=str(folder))
    with http.server.ThreadingHTTPServer(("0.0.0.0", 0), handler) as server:  # noqa: S104 - hosts have other addresses
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
