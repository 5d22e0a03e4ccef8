"""Takes this host to a release of a store: sets up, installs beside the others, switches, checks, or goes back.

request = Request(name="shop", version="latest", checksum=None, ...)
intent = read_intent(request, store)     # reads the host and the store, changes nothing
result = intent.describe()               # what check mode reports
carry_out(intent, store)                 # does it, and returns the result
"""

from __future__ import annotations

import collections
import hashlib
import json
import time

from ansible_collections.dray.release.plugins.module_utils.host import BAD, look_at_host
from ansible_collections.dray.release.plugins.module_utils.plan import (
    PlanError,
    compare_applications,
    describe_difference,
    plan_version,
    read_manifest,
)
from ansible_collections.dray.release.plugins.module_utils.store import find_release

Request = collections.namedtuple(
    "Request", "name version checksum root state setup variables upgrade checks timeout keep retry who"
)
INSTALLED, RUNNING = "installed", "running"


class DeploymentError(Exception):
    """A deployment that failed; what the task returns besides."""

    def __init__(self, message, **facts):
        super().__init__(message)
        self.facts = facts


class Intent:
    """What is to be done on this host.

    Args:
        request: What the task asks for.
        entry: What the store says of the release.
        host: What the host says.
        manifest: The release's manifest.
        installed: The manifests of the versions that are there, by version, the one that counts last.

    It says whether it ``sets_up`` the host, ``installs`` the version, ``sets_variables`` of the service, and
    ``switches`` to the version.
    """

    def __init__(self, request, entry, host, manifest, installed):
        self.request = request
        self.entry = entry
        self.host = host
        self.manifest = manifest
        self.installed = installed
        self.version = entry["version"]
        self.environment = format_environment(request.variables)
        # Asked once: what is done changes the answers.
        self.sets_up = self._asks_for_setup()
        self.installs = self.version not in self.installed
        self.sets_variables = self._asks_for_variables()
        self.switches = request.state == RUNNING and (host.running != self.version or self.sets_variables)

    def _asks_for_setup(self):
        """Tell whether the host has to be made ready."""
        return self.request.setup and (
            not self.host.is_set_up or self.host.read_own("kit").strip() != self.entry["kit"]
        )

    def _asks_for_variables(self):
        """Tell whether what runs was not started with these variables; they change when the version is switched."""
        if self.environment is None or self.request.state != RUNNING:
            return False
        return self.host.read_own("environment.sha256").strip() != self.environment_digest

    @property
    def environment_digest(self):
        """The SHA-256 of the variables."""
        return hashlib.sha256(self.environment or b"").hexdigest()

    @property
    def changes(self):
        """Whether anything is to be done."""
        return self.sets_up or self.installs or self.switches

    @property
    def plan(self):
        """What the host lacks of the version."""
        return plan_version(self.manifest, list(self.installed.values()), first=not self.host.permanent)

    def describe(self):
        """Return what the task reports before anything is done."""
        running = self.host.running or self.host.permanent
        applications = compare_applications(self.installed.get(running), self.manifest) if self.switches else []
        result = {
            "changed": self.changes,
            "name": self.request.name,
            "state": self.request.state,
            "version": self.version,
            "previous": self.host.running,
            "mode": "",
            "reasons": [],
            "applications": applications,
            "fetched": 0,
            "files": len(self.plan.sent) if self.installs else 0,
        }
        if self.switches:
            result["diff"] = describe_difference(self.request.name, self.host.running, self.version, applications)
        elif self.changes:
            added = f"{self.request.name} {self.version} is installed beside it\n" if self.installs else ""
            result["diff"] = {"before": "", "after": added}
        return result


def read_intent(request, store):
    """Return what is to be done; nothing is changed."""
    entry = find_release(store, request.name, request.version, request.checksum)
    host = look_at_host(request.root or entry["root"])
    known = host.find(entry["version"])
    if known is not None and known.manifest != entry["manifest"]:
        raise DeploymentError(
            "{} is installed in {} with other content: give the release another version, or remove it there".format(
                entry["version"], host.root
            )
        )
    if known is not None and known.state == BAD and not request.retry and host.running != entry["version"]:
        raise DeploymentError(
            "{} was not well here before, and retry=false: nothing was changed".format(entry["version"]),
            version=host.running,
            previous=host.running,
        )
    installed = {}
    for item in sorted(host.versions, key=lambda item: (item.version == host.permanent, item.since)):
        with open(item.path, "rb") as file:
            installed[item.version] = read_manifest(file.read())
    manifest = installed.get(entry["version"]) or read_manifest(store.read_verified("manifests", entry["manifest"]))
    intent = Intent(request, entry, host, manifest, installed)
    if not host.is_set_up and not request.setup:
        raise DeploymentError(f"this host is not set up for {request.name}, and setup=false")
    if intent.installs:
        intent.plan  # noqa: B018 - what cannot be put beside what is there is refused before anything is done
    return intent


def format_environment(variables):
    """Return the file of variables as the service reads it; None where nothing is said of them."""
    if variables is None:
        return None
    lines = []
    for name, value in sorted(variables.items()):
        text = str(value)
        if "\n" in text or "\0" in text:
            raise DeploymentError(f"the variable {name} has more than one line: encode it, as with base64")
        for special in '\\"$`':
            text = text.replace(special, "\\" + special)
        lines.append(f'{name}="{text}"\n')
    return "".join(lines).encode()


def format_audit(intent, outcome, who, **facts):
    """Return the line of the audit log that says what became of the host."""
    line = {
        "time": round(time.time()),
        "action": "deploy",
        "who": who,
        "version": intent.version,
        "from": intent.host.running,
        "outcome": outcome,
    }
    line.update({key: value for key, value in facts.items() if value})
    return json.dumps(line)


__all__ = ["DeploymentError", "Intent", "PlanError", "Request", "read_intent"]
