"""Gathers a version beside the others, in ``.dray/stage-DIGEST``, from where ``host.sh`` checks it and moves it.

What an interrupted run has left there is used. Files that the host has already are linked.
"""

from __future__ import annotations

import concurrent.futures
import hashlib
import os
import shutil

from ansible_collections.dray.release.plugins.module_utils.plan import find_top, format_sums
from ansible_collections.dray.release.plugins.module_utils.store import UrlStore

CONNECTIONS = 8


def write_stage(root, digest, manifest, plan, store, tick):
    """Write all that is new of a version.

    Args:
        root: The release's folder.
        digest: The SHA-256 of the manifest.
        manifest: The manifest.
        plan: What is new.
        store: Where the bytes come from.
        tick: Called after each file.
    """
    stage = os.path.join(root, ".dray", f"stage-{digest}")
    tree = os.path.join(stage, "tree")
    os.makedirs(os.path.join(stage, "plan"), exist_ok=True)
    make_folders(tree, manifest, plan)
    for source, path in plan.links:
        link_file(os.path.join(root, source), os.path.join(tree, path))
    fetch_files(tree, manifest, plan.sent, store, tick)
    described = {
        f"tree/releases/{manifest.version}/manifest.json": manifest.data,
        "plan/links": b"",
        "plan/fresh": encode("".join(f"{top}\n" for top in plan.fresh)),
        "plan/sums": encode(format_sums(manifest, plan)),
    }
    for path, data in described.items():
        write_file(os.path.join(stage, path), data, 0o644)


def make_folders(tree, manifest, plan):
    """Make the folders and the symbolic links of what is new."""
    fresh = set(plan.fresh)
    new = [path for path in manifest.items if find_top(path, manifest.version) in fresh]
    for path in new:
        os.makedirs(os.path.join(tree, os.path.dirname(path)), exist_ok=True)
    os.makedirs(os.path.join(tree, "releases", manifest.version), exist_ok=True)
    for path, mode in manifest.directories:
        if find_top(path, manifest.version) in fresh:
            os.makedirs(os.path.join(tree, path), exist_ok=True)
            os.chmod(os.path.join(tree, path), int(mode, 8))
    for path in new:
        target = manifest.items[path].get("target")
        if target:
            remove_file(os.path.join(tree, path))
            os.symlink(target, os.path.join(tree, path))


def link_file(source, path):
    """Let a file have one more name; where the file system has no hard links, copy it."""
    remove_file(path)
    try:
        os.link(source, path)
    except OSError:
        shutil.copy2(source, path)


def fetch_files(tree, manifest, paths, store, tick):
    """Fetch the files that are not there yet, several at once where they come over the network."""
    wanted = {}
    for path in paths:
        item = manifest.items[path]
        if not is_there(os.path.join(tree, path), item):
            wanted.setdefault(item["sha256"], []).append(item)

    def fetch(sha256):
        data = store.read_verified("files", sha256)
        for item in wanted[sha256]:
            write_file(os.path.join(tree, item["path"]), data, int(item["mode"], 8))

    with concurrent.futures.ThreadPoolExecutor(CONNECTIONS if isinstance(store, UrlStore) else 1) as pool:
        for done in concurrent.futures.as_completed([pool.submit(fetch, sha256) for sha256 in wanted]):
            done.result()
            tick()


def is_there(path, item):
    """Tell whether a file was fetched by an earlier run."""
    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest() == item["sha256"]
    except OSError:
        return False


def write_file(path, data, mode):
    """Write a file whole, or not at all."""
    temporary = f"{path}.dray-new"
    with open(temporary, "wb") as file:
        file.write(data)
    os.chmod(temporary, mode)
    os.replace(temporary, path)


def remove_file(path):
    """Remove a file, if it is there."""
    if os.path.lexists(path):
        os.remove(path)


def encode(text):
    """Return a text's bytes; names of files may be no UTF-8."""
    return text.encode("utf-8", "surrogateescape")
