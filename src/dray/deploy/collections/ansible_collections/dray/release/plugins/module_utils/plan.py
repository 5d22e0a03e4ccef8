"""What a host lacks of a release, worked out from the manifests of what it has: no disk, no network.

    plan = plan_version(read_manifest(new), [read_manifest(old)], first=False)
    plan.sent      # paths whose bytes come from the store
    plan.links     # pairs: where the host has the bytes already, and where they are to be, too
    plan.fresh     # folders and files to move to their places, the version's own folder last

Versions share folders of applications and runtimes, as OTP's layout has it: such a folder is new as a whole, or is
there with the same content. It is what ``dray.deploy.transfer`` works out on the other side of a connection.
"""

from __future__ import annotations

import collections
import json

MUTABLE = ("releases/RELEASES", "releases/start_erl.data")

Plan = collections.namedtuple("Plan", "sent links fresh")
Manifest = collections.namedtuple("Manifest", "data version applications items directories")


class PlanError(Exception):
    """A release that cannot be put beside what is there."""


def read_manifest(data):
    """Return what the bytes of a manifest say."""
    try:
        facts = json.loads(data.decode())
        entries = facts["files"]
        version, applications = facts["version"], facts["applications"]
        items = {entry["path"]: entry for entry in entries if not entry.get("directory")}
    except (ValueError, KeyError, TypeError) as error:
        raise PlanError(f"a manifest is damaged: {error}") from error
    for path in [entry["path"] for entry in entries] + [f"releases/{version}"]:
        if path.startswith("/") or ".." in path.split("/"):
            raise PlanError(f"a manifest names {path!r}, which is outside of the release")
    directories = [(entry["path"], entry.get("mode", "0755")) for entry in entries if entry.get("directory")]
    return Manifest(data, version, {app["name"]: app for app in applications}, items, directories)


def plan_version(new, installed, first):
    """Return what to do.

    Args:
        new: The manifest of the release.
        installed: Those of the versions that are there, the one that resembles the new one most last.
        first: Whether none of them has been started.
    """
    have = {path: item for manifest in installed for path, item in manifest.items.items()}
    places = {identify(item): path for path, item in have.items() if "sha256" in item and stays(path)}
    tops = {find_top(path, manifest.version) for manifest in installed for path in manifest.items}
    fresh, sent, links = {}, [], []
    for path, item in new.items.items():
        top = find_top(path, new.version)
        if top in tops and top != path:
            require_equal(path, item, have)
            continue
        if (path in MUTABLE and not first) or (top == path and is_everywhere(path, item, installed)):
            continue
        fresh[top] = None
        if identify(item) in places and path not in MUTABLE:
            links.append((places[identify(item)], path))
        elif "sha256" in item:
            sent.append(path)
    fresh[f"releases/{new.version}"] = None
    return Plan(sent, links, sorted(fresh, key=lambda top: (rank(top, new.version), top)))


def find_top(path, version):
    """Return what a file is moved to its place with: the folder of an application, runtime or version, or itself."""
    parts = path.split("/")
    if len(parts) > 1 and parts[0].startswith("erts-"):
        return parts[0]
    if len(parts) > 2 and (parts[0] == "lib" or (parts[0] == "releases" and parts[1] == version)):
        return "/".join(parts[:2])
    return path


def stays(path):
    """Tell whether a file of an installed version stays as it is as long as the version does."""
    return path.startswith(("lib/", "erts-")) or (path.startswith("releases/") and path.count("/") > 1)


def identify(item):
    """Return what two files or links of the same content share."""
    return item.get("sha256", ""), item.get("mode", ""), item.get("target", "")


def rank(top, version):
    """Say what comes last: what names the version, and behind it only what makes it the one to start."""
    return 2 if top == MUTABLE[1] else 1 if top == f"releases/{version}" else 0


def is_everywhere(path, item, installed):
    """Tell whether a file that belongs to no folder is there already: every version has it with this content."""
    return bool(installed) and all(
        path in manifest.items and identify(manifest.items[path]) == identify(item) for manifest in installed
    )


def require_equal(path, item, have):
    """Check that a shared folder has the same content in both versions."""
    if path not in have or identify(have[path]) != identify(item):
        raise PlanError(f"{path} is installed with other content, and two versions share its folder")


def format_sums(manifest, plan):
    """Return the checksums of new files whose names a manifest escapes, in the form of sha256sum."""
    lines = []
    for path, item in manifest.items.items():
        if json.dumps(path) != f'"{path}"' and "sha256" in item and find_top(path, manifest.version) in plan.fresh:
            escaped = path.replace("\\", "\\\\").replace("\n", "\\n")
            lines.append("{}{}  {}\n".format("\\" if escaped != path else "", item["sha256"], escaped))
    return "".join(lines)


def compare_applications(old, new):
    """Return the applications that differ between two manifests, the first of which may be None."""
    before = old.applications if old else {}
    changed = []
    for name in sorted(set(before) | set(new.applications)):
        old_one, new_one = before.get(name, {}), new.applications.get(name, {})
        if any(old_one.get(key) != new_one.get(key) for key in ("version", "digest")):
            changed.append({"name": name, "before": old_one.get("version", ""), "after": new_one.get("version", "")})
    return changed


def describe_difference(name, before, after, changed):
    """Return the difference as ``ansible-playbook --diff`` shows it.

    Args:
        name: The release.
        before: The version that runs; empty for none.
        after: The version that is meant.
        changed: What ``compare_applications`` says.
    """
    texts = []
    for side, version in (("before", before), ("after", after)):
        lines = [f"{name} {version}"] if version else []
        lines += ["  {} {}".format(app["name"], app[side]) for app in changed if app[side]]
        texts.append("".join(f"{line}\n" for line in lines))
    return {"before": texts[0], "after": texts[1], "before_header": "what runs", "after_header": "what is deployed"}
