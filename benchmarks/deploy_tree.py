"""``python -m benchmarks.deploy_tree SSH_CONFIG TREE HOST...``: what dray does with a release that is built already.

The service is a trivial one, as that of the other programs: ``/srv/dray/.dray/command`` pretends to be the launcher,
and to take a version is to link it and to restart the service.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dray.assemble.stored import parse_manifest
from dray.cli.leave import leave
from dray.clock import SystemClock
from dray.console import PlainConsole, StepConsole
from dray.core.application import Application, AppOrigin, AppSpec, Mode
from dray.core.contents import Digest, Directory, File, Symlink
from dray.core.context import Context
from dray.core.release import Release
from dray.core.settings import EMPTY
from dray.deploy.deployment import deploy_release
from dray.deploy.fleet import FleetOptions, build_fleet
from dray.deploy.manifest import read_manifest
from dray.deploy.open_transport import open_transport
from dray.deploy.place import Place, shorten_script
from dray.memory import Memory
from dray.shell import LocalShell
from dray.template.environment import TemplateFolder
from dray.template.remembered import RememberedTemplates

if TYPE_CHECKING:
    from dray.core.contents import Entry

ROOT = "/srv/dray"
COMMAND = """\
#!/bin/sh
cd /srv/dray
case $1 in
  status)
    if systemctl -q is-active dray; then
      read -r _ version <releases/start_erl.data
      echo "{\\"state\\": \\"running\\", \\"version\\": \\"$version\\"}"
    else
      echo '{"state": "stopped"}'
    fi ;;
  upgrade)
    for version in "$@"; do :; done
    printf '1 %s' "$version" >releases/next && mv releases/next releases/start_erl.data
    ln -sfn "releases/$version" next && mv -T next current && systemctl restart dray
    echo '{"mode": "restart", "reasons": []}' ;;
  ready) systemctl -q is-active dray ;;
  remove) rm -rf "releases/$2" ;;
esac
"""
SERVICE = "#!/bin/sh\nsystemctl $1 dray\n"


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


def main(config: str, tree: Path, hosts: tuple[str, ...]) -> None:
    """Deploy a release to hosts by a restart."""
    console = PlainConsole(sys.stderr, quiet=True)
    templates = RememberedTemplates(TemplateFolder(), Memory(tree.parent / "work/rendered"))
    ctx = Context(
        root=tree.parent,
        work=tree.parent / "work",
        env="prod",
        settings=EMPTY,
        shell=LocalShell(print),
        templates=templates,
        console=StepConsole(console, "deploy"),
        clock=SystemClock(),
        environ=os.environ,
    )
    fleet = build_fleet("bench", FleetOptions(hosts=hosts, upgrade="restart", keep=2))
    script = shorten_script(templates.render("deploy/host.sh"))
    place = Place("shop", ROOT, open_transport(config=Path(config)), script)
    deploy_release(read_release(tree), ctx, fleet, place)


if __name__ == "__main__":
    gc.set_threshold(100_000)  # as dray does when a pipeline runs
    main(sys.argv[1], Path(sys.argv[2]), tuple(sys.argv[3:]))
    leave(0)
