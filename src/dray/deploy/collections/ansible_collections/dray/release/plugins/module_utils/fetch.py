"""Fetches many small files from one web server: each thread keeps its connection, else it would mostly connect.

What this does not know of, a redirection, a proxy, another scheme, is left to Ansible's own ``open_url``.
"""

from __future__ import annotations

import base64
import http.client
import ssl
import threading
import urllib.parse
import urllib.request

TIMEOUT = 30


class Fetcher:
    """Fetches URLs.

    Args:
        open_url: Ansible's own function, with its options.
        username: Whom to log in as, if at all.
        password: With which password.
        validate_certs: Whether certificates must be valid.
    """

    def __init__(self, open_url, username=None, password=None, *, validate_certs=True):
        self.open_url = open_url
        self.kept = threading.local()
        self.headers = {"User-Agent": "dray"}
        if username:
            token = base64.b64encode(f"{username}:{password or ''}".encode())
            self.headers["Authorization"] = f"Basic {token.decode()}"
        self.context = ssl.create_default_context()
        if not validate_certs:
            self.context.check_hostname = False
            self.context.verify_mode = ssl.CERT_NONE

    def __call__(self, url):
        """Return the bytes at a URL."""
        parts = urllib.parse.urlsplit(url)
        if parts.scheme in ("http", "https") and not parts.username and not needs_proxy(parts):
            found = self.ask(parts)
            if found is not None:
                return found
        return self.open_url(url).read()

    def ask(self, parts):
        """Return what the server answers; None where it answers something else than the file."""
        for attempt in (1, 2):
            try:
                connection = self.connect(parts, anew=attempt == 2)
                connection.request("GET", parts._replace(scheme="", netloc="").geturl(), headers=self.headers)
                answer = connection.getresponse()
                data = answer.read()
            except (OSError, http.client.HTTPException):
                continue  # the server has closed it meanwhile; where not, open_url says what is wrong
            return data if answer.status == http.client.OK else None
        return None

    def connect(self, parts, *, anew):
        """Return the connection of this thread to a server, or a new one."""
        if not anew and getattr(self.kept, "server", None) == parts.netloc:
            return self.kept.connection
        if getattr(self.kept, "server", None):
            self.kept.connection.close()
        if parts.scheme == "https":
            made = http.client.HTTPSConnection(parts.hostname, parts.port, timeout=TIMEOUT, context=self.context)
        else:
            made = http.client.HTTPConnection(parts.hostname, parts.port, timeout=TIMEOUT)
        self.kept.connection, self.kept.server = made, parts.netloc
        return made


def needs_proxy(parts):
    """Tell whether the environment names a proxy for a URL."""
    return parts.scheme in urllib.request.getproxies() and not urllib.request.proxy_bypass(parts.hostname)
