"""A release that is built already, as a pipeline would have it when it deploys, and its deployment."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from dray.assemble.stored import parse_manifest
from dray.clock import SystemClock
from dray.console import PlainConsole, StepConsole
from dray.core.application import Application, AppOrigin, AppSpec, Mode
from dray.core.contents import Digest, Directory, File, Symlink
from dray.core.context import Context
from dray.core.release import Release
from dray.core.settings import EMPTY
from dray.deploy.deployment import deploy_release
from dray.deploy.manifest import read_manifest
from dray.deploy.place import Place, shorten_script
from dray.memory import Memory
from dray.shell import LocalShell
from dray.template.environment import TemplateFolder
from dray.template.remembered import RememberedTemplates

if TYPE_CHECKING:
    from pathlib import Path

    from dray.core.contents import Entry
    from dray.deploy.early import EarlyConnections
    from dray.deploy.fleet import Fleet
    from dray.deploy.transport import Transport


def read_release(tree: Path) -> Release:
    """Return the release that lies in a folder, as a pipeline would have it.

    Its files come from a copy beside it, ``made``: what was compiled stays as it is while the tree changes.
    """
    made = tree.with_name("made")
    (path,) = tree.glob("releases/*/manifest.json")
    manifest = read_manifest(path.read_bytes(), str(path))
    entries: list[Entry] = [File(str(path.relative_to(tree)), path)]
    entries += [Directory(folder, int(mode, 8)) for folder, mode in manifest.directories]
    for item in manifest.items.values():
        entries.append(
            Symlink(item.path, item.target) if item.target else File(item.path, made / item.path, int(item.mode, 8))
        )
    digests = {item.path: Digest(item.size, item.sha256) for item in manifest.items.values() if item.sha256}
    digests[entries[0].path] = Digest(len(manifest.data), manifest.digest)
    applications = tuple(
        Application(AppSpec(app["name"], app["version"]), Mode(app["mode"]), tree, AppOrigin(app["origin"]))
        for app in parse_manifest(manifest.data, str(path))["applications"]
    )
    ordered = tuple(sorted(entries, key=lambda entry: entry.path))
    return Release("shop", manifest.version, applications=applications, contents=ordered, digests=digests, tree=tree)


def deploy_tree(tree: Path, fleet: Fleet, *, root: str, transport: Transport, early: EarlyConnections) -> None:
    """Deploy a release to hosts, as the step ``ssh`` does.

    Args:
        tree: The release.
        fleet: The hosts.
        root: Its folder on them.
        transport: How they are reached.
        early: What connects to them already.
    """
    templates = RememberedTemplates(TemplateFolder(), Memory(tree.parent / "work/rendered"))
    ctx = Context(
        root=tree.parent,
        work=tree.parent / "work",
        env="prod",
        settings=EMPTY,
        shell=LocalShell(print),
        templates=templates,
        console=StepConsole(PlainConsole(sys.stderr, quiet=True), "deploy"),
        clock=SystemClock(),
        environ=os.environ,
    )
    place = Place("shop", root, early.before(transport), shorten_script(templates.render("deploy/host.sh")))
    deploy_release(read_release(tree), ctx, fleet, place, loop_factory=early.take_over)
