"""dray as one of the ways to deploy: a built release, and a service that is as trivial as that of the others."""

from __future__ import annotations

import shutil
import sys
import time
from typing import TYPE_CHECKING

from benchmarks.built_release import read_release
from benchmarks.deploy_tree import COMMAND, ROOT, SERVICE
from benchmarks.deployers import Deployer, Site
from benchmarks.measure import Program
from benchmarks.projects import ROOT as PROJECT
from dray.assemble.tree import sync_tree
from dray.assemble.tree_index import tree_index_path

if TYPE_CHECKING:
    from pathlib import Path

NAME = "dray"
_CLOCK_SECONDS = 2.1
"""How old files are before dray takes their times for what they are: most files of a build are older."""


def make_dray() -> Deployer:
    """Return dray as a way to deploy."""
    return Deployer("dray", NAME, write_deployment, prepare=_prepare, check=_check, clear=_clear)


def write_deployment(site: Site, tree: Path, version: str) -> list[Program]:
    """Return the program that deploys a copy of a tree, which it may rename."""
    del version  # a deployment finds its own
    place = site.work / "dray"
    for copy in ("tree", "made"):
        shutil.rmtree(place / copy, ignore_errors=True)
        shutil.copytree(tree, place / copy, symlinks=True)
    time.sleep(_CLOCK_SECONDS)
    copied = read_release(place / "tree")
    sync_tree(copied, place / "tree", tree_index_path(place / "work", copied.name))  # as a build leaves it
    argv = (sys.executable, "-m", "benchmarks.deploy_tree", str(site.ssh_config), str(place / "tree"), *site.names)
    return [Program(argv, PROJECT, {})]


def _prepare(place: Path) -> None:
    own = place / ".dray"
    own.mkdir(parents=True)
    for name, text in (("command", COMMAND), ("service", SERVICE)):
        (own / name).write_text(text)
        (own / name).chmod(0o755)
    (own / "places").write_text(f"environment_file={ROOT}/environment\nenvironment_owner=root\n")


def _check(tree: Path, place: Path) -> None:
    """See that the version to start has the newest module, and that nothing is left on the way."""
    newest = max(tree.rglob("lib/*/ebin/*.beam"), key=lambda path: path.stat().st_mtime_ns)
    version = (place / "releases/start_erl.data").read_text().split()[1]
    there = [path.read_bytes() for path in place.rglob(f"lib/*/ebin/{newest.name}")]
    left = list((place / ".dray").glob("stage-*"))
    if newest.read_bytes() not in there or not (place / "releases" / version / "manifest.json").exists() or left:
        raise RuntimeError(f"{place} has not taken {tree}: it starts {version}; {left}")


def _clear(place: Path, version: str) -> None:
    """Forget everything where everything is to be forgotten; the older versions are dray's own business."""
    if version:
        return
    for path in place.iterdir():
        if path.name == ".dray":
            shutil.rmtree(path / "versions", ignore_errors=True)
        elif path.is_symlink() or path.is_file():
            path.unlink()
        else:
            shutil.rmtree(path)
