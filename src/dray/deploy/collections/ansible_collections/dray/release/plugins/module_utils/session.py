"""Speaks with ``host.sh``, dray's own program for a host: a command is a line, its answer are lines up to ``ok``.

with Session(script, "/opt/shop") as session:
    session.ask("lock", "ansible deploys")
    session.ask("install", digest, version, "-", source)
"""

from __future__ import annotations

import json
import subprocess
import time

HEARTBEAT = 10.0
KEPT_LINES = 40


class HostError(Exception):
    """Something that the host could not do."""


class Session:
    """The program while it runs.

    Args:
        script: Its text.
        root: The release's folder.
    """

    def __init__(self, script, root):
        self.script = script
        self.root = root
        self.log = []
        self.heard = 0.0

    def __enter__(self):
        self.process = subprocess.Popen(
            ["sh", "-c", self.script, "dray-host", self.root],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def ask(self, *words, payload=b""):
        """Give a command, and return the lines of the answer.

        Args:
            words: The command and what belongs to it; only the last word may hold spaces.
            payload: What is sent behind the line.
        """
        line = " ".join(words)
        if "\n" in line:
            raise HostError(f"a command is one line, got: {line!r}")
        self._send(line.encode("utf-8", "surrogateescape") + b"\n" + payload)
        lines = []
        while True:
            raw = self.process.stdout.readline()
            if not raw:
                raise HostError(f"the host's program ended during {words[0]}")
            kind, _, rest = raw.decode("utf-8", "replace").rstrip("\r\n").partition(" ")
            if kind == "ok":
                return lines
            if kind == "failed":
                raise HostError(rest.strip() or f"{words[0]} failed")
            if kind == "log":
                self.log.append(rest)
                del self.log[:-KEPT_LINES]
            else:
                lines.append(f"{kind} {rest}")

    def report(self, *words):
        """Give a command that runs the launcher, and return what that reports."""
        found = {}
        for line in self.ask(*words):
            if line.startswith("report "):
                try:
                    found = json.loads(line[len("report ") :])
                except ValueError:
                    continue
        return found

    def find_fact(self, name):
        """Return a fact of the machine."""
        for line in self.ask("look"):
            if line.startswith(f"fact {name} "):
                return line.split(" ", 2)[2]
        return ""

    def stay_alive(self):
        """Let the host know that somebody is there; to be called again and again where work takes long."""
        if time.monotonic() - self.heard > HEARTBEAT:
            self._send(b"alive\n")

    def _send(self, data):
        self.heard = time.monotonic()
        try:
            self.process.stdin.write(data)
            self.process.stdin.flush()
        except OSError as error:
            raise HostError("the host's program has ended") from error
