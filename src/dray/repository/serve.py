"""A static web server for a repository in a folder: all that apt asks for, and a page for people.

It answers GET and HEAD with ranges, ``If-Modified-Since`` and ``If-Range`` (RFC 9110), keeps connections open, and
serves nothing but regular files below the folder: no listing of folders, no link that leads out, nothing that begins
with a dot. No TLS and no access control: for the public, the folder goes behind nginx or a CDN as it is.
"""

from __future__ import annotations

import os
import re
from email.utils import formatdate, parsedate_to_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_CHUNK = 1 << 18
_IDLE_SECONDS = 60


def make_server(
    folder: Path, host: str, port: int, *, page: Callable[[str], str], log: Callable[[str], None]
) -> ThreadingHTTPServer:
    """Return a server that is listening; ``serve_forever`` makes it answer.

    Args:
        folder: The repository.
        host: The address to listen on.
        port: The port; 0 for a free one.
        page: Returns the page at ``/``, given the address that the server was asked under.
        log: Told of each request.

    Raises:
        OSError: The address cannot be listened on.
    """
    root = folder.resolve()

    class Handler(_Handler):
        def find(self, path: str) -> Path | None:
            return find_file(root, path)

        def front(self, url: str) -> str:
            return page(url)

        def tell(self, line: str) -> None:
            log(line)

    server = ThreadingHTTPServer((host, port), Handler)
    server.daemon_threads = True
    return server


def find_file(root: Path, path: str) -> Path | None:
    """Return the file that a request asks for; None where there is none that may be served.

    Args:
        root: The folder, without symbolic links in its path.
        path: As the request says it, not decoded.
    """
    parts = unquote(urlsplit(path).path, errors="replace").split("/")[1:]
    if not parts or any(not part or part.startswith(".") or "\0" in part or "\\" in part for part in parts):
        return None
    try:
        found = root.joinpath(*parts).resolve(strict=True)
    except OSError:
        return None
    return found if found.is_relative_to(root) and found.is_file() else None


def parse_range(text: str, size: int) -> tuple[int, int] | None:
    """Return the first byte and the one behind the last; None for what is no range of one piece.

    Raises:
        ValueError: There is no such piece.
    """
    found = _RANGE.fullmatch(text.strip())
    if found is None or found[0] == "bytes=-":
        return None
    first, last = found[1], found[2]
    if not first:
        start, stop = max(0, size - int(last)), size
    else:
        start, stop = int(first), min(size, int(last) + 1 if last else size)
        if last and int(last) < int(first):
            return None
    if start >= stop:
        raise ValueError(text)
    return start, stop


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "dray"
    timeout = _IDLE_SECONDS

    def find(self, path: str) -> Path | None:
        raise NotImplementedError

    def front(self, url: str) -> str:
        raise NotImplementedError

    def tell(self, line: str) -> None:
        raise NotImplementedError

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        self.tell(f"{self.client_address[0]} {format % args}")

    def _answer(self, *, body: bool) -> None:
        if urlsplit(self.path).path == "/":
            data = self.front(f"http://{self.headers.get('Host') or 'localhost'}").encode()
            self._head(HTTPStatus.OK, {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(data))})
            if body:
                self.wfile.write(data)
            return
        path = self.find(self.path)
        try:
            source = path.open("rb") if path else None
        except OSError:
            source = None
        if source is None:
            data = b"there is no such file\n"
            self._head(HTTPStatus.NOT_FOUND, {"Content-Type": "text/plain", "Content-Length": str(len(data))})
            self.wfile.write(data if body else b"")
            return
        with source:
            try:
                self._send(source, body=body)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

    def _send(self, source: BinaryIO, *, body: bool) -> None:
        found = os.fstat(source.fileno())
        changed = formatdate(found.st_mtime, usegmt=True)
        headers = {"Last-Modified": changed, "Accept-Ranges": "bytes", "Content-Type": "application/octet-stream"}
        if _is_older(self.headers.get("If-Modified-Since"), found.st_mtime):
            self._head(HTTPStatus.NOT_MODIFIED, {"Last-Modified": changed})
            return
        start, stop, status = 0, found.st_size, HTTPStatus.OK
        wanted = self.headers.get("Range")
        if wanted and self.headers.get("If-Range", changed) == changed:
            try:
                part = parse_range(wanted, found.st_size)
            except ValueError:
                whole = {"Content-Range": f"bytes */{found.st_size}", "Content-Length": "0"}
                self._head(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, whole)
                return
            if part is not None:
                start, stop = part
                status = HTTPStatus.PARTIAL_CONTENT
                headers["Content-Range"] = f"bytes {start}-{stop - 1}/{found.st_size}"
        self._head(status, {**headers, "Content-Length": str(stop - start)})
        if body:
            source.seek(start)
            self._copy(source, stop - start)

    def _copy(self, source: BinaryIO, left: int) -> None:
        while left and (data := source.read(min(left, _CHUNK))):
            self.wfile.write(data)
            left -= len(data)
        if left:
            self.close_connection = True  # the file has become shorter

    def _head(self, status: HTTPStatus, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


def _is_older(header: str | None, modified: float) -> bool:
    """Tell whether a file has not changed since the time in a header."""
    if header is None:
        return False
    try:
        return int(modified) <= parsedate_to_datetime(header).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return False
