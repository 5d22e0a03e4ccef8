"""What is installed and what runs on this host, read without changing anything.

host = look_at_host("/opt/shop")
host.running, host.permanent, [item.version for item in host.versions]
"""

from __future__ import annotations

import collections
import glob
import hashlib
import json
import os
import subprocess

GOOD, BAD = "good", "bad"

Installed = collections.namedtuple("Installed", "version manifest state since source path")


class Host:
    """What is known of a release on this host.

    Args:
        root: The release's folder.
        versions: The installed versions.
        permanent: The version that the next start starts; empty for none.
        status: What the launcher says of the running node.
    """

    def __init__(self, root, versions, permanent, status):
        self.root = root
        self.versions = versions
        self.permanent = permanent
        self.status = status

    @property
    def running(self):
        """The version that runs; empty where nothing answers."""
        return self.status.get("version", "")

    @property
    def run_state(self):
        """Say ``running``, ``silent`` or ``stopped``."""
        return self.status.get("state", "stopped")

    @property
    def is_set_up(self):
        """Whether the host knows how to run the release."""
        return os.access(os.path.join(self.root, ".dray", "service"), os.X_OK)

    @property
    def previous(self):
        """The good version before the permanent one; empty for none."""
        others = [item for item in self.versions if item.state == GOOD and item.version != self.permanent]
        return max(others, key=lambda item: (item.since, item.version)).version if others else ""

    def find(self, version):
        """Return an installed version, or None."""
        return next((item for item in self.versions if item.version == version), None)

    def read_own(self, name):
        """Return the text of a file that a deployment keeps; empty where there is none."""
        return read_text(os.path.join(self.root, ".dray", name))

    def list_removable(self, keep, before=""):
        """Return the versions that need not stay, the oldest first; see ``dray.deploy.host_state``."""
        holy = {self.running, self.permanent, self.previous, before}
        newest = sorted(self.versions, key=lambda item: (item.since, item.version), reverse=True)
        good = [item.version for item in newest if item.state == GOOD]
        others = [item.version for item in newest if item.state != GOOD]
        stay = holy | set(good[:keep]) | set(others[:keep])
        return [item.version for item in reversed(newest) if item.version not in stay]


def look_at_host(root):
    """Return what is known of the release in a folder."""
    words = read_text(os.path.join(root, "releases", "start_erl.data")).split()
    permanent = words[1] if len(words) > 1 else ""
    paths = sorted(glob.glob(os.path.join(glob.escape(root), "releases", "*", "manifest.json")))
    return Host(root, [read_version(root, path) for path in paths], permanent, read_status(root) if permanent else {})


def read_version(root, path):
    """Return what is known of a version by its manifest."""
    version = os.path.basename(os.path.dirname(path))
    words = read_text(os.path.join(root, ".dray", "versions", version)).split()
    state, since, source = [*words, "", "", ""][:3]
    with open(path, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    return Installed(version, digest, state or "ready", int(since) if since.isdigit() else 0, source, path)


def read_status(root):
    """Return what the launcher says of the running node; nothing where it says nothing."""
    command = os.path.join(root, ".dray", "command")
    if not os.access(command, os.X_OK):
        return {}
    done = subprocess.run(
        [command, "status", "--json"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    try:
        found = json.loads(done.stdout.decode("utf-8", "replace").strip().splitlines()[-1])
    except (ValueError, IndexError):
        return {}
    return found if isinstance(found, dict) else {}


def read_text(path):
    """Return the text of a file; empty where there is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
