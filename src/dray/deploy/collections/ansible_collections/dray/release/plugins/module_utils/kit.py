"""The kit of a release: what a host needs besides the release itself, a tar that dray has put into the store.

host.sh                   does the work on a host
setup-systemd.tar.gz      makes a host of that init system ready: user, folders, service
refused-s6                why the release cannot be run by that one
"""

from __future__ import annotations

import io
import tarfile


class KitError(Exception):
    """A kit that has not got what a host needs."""


class Kit:
    """A kit, of its bytes."""

    def __init__(self, data):
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            self.files = {member.name: archive.extractfile(member).read() for member in archive if member.isfile()}

    @property
    def script(self):
        """The text of ``host.sh``."""
        return self.files["host.sh"].decode()

    def find_setup(self, init):
        """Return what makes a host of an init system ready."""
        found = self.files.get(f"setup-{init}.tar.gz")
        if found is None:
            why = self.files.get(f"refused-{init}", b"").decode()
            have = sorted(name[len("setup-") : -len(".tar.gz")] for name in self.files if name.startswith("setup-"))
            raise KitError(
                "the release cannot be run by {}: {}".format(init, why or "there are {}".format(", ".join(have)))
            )
        return found
