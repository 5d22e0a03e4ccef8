"""``python -m benchmarks.deploy_tree SSH_CONFIG TREE HOST...``: what dray does with a release that is built already.

As the step ``ssh`` does while the project compiles, it connects first, and loads meanwhile what else it needs. The
service is a trivial one, as that of the other programs: ``/srv/dray/.dray/command`` pretends to be the launcher, and
to take a version is to link it and to restart the service.
"""

from __future__ import annotations

import gc
import sys
from pathlib import Path

from dray.deploy.early import EarlyConnections
from dray.deploy.fleet import FleetOptions, build_fleet
from dray.deploy.open_transport import open_transport

ROOT = "/srv/dray"
COMMAND = """\
#!/bin/sh
cd /srv/dray
group=/sys/fs/cgroup/system.slice/dray.service # the kernel has it while the service runs
case $1 in
  status)
    if [ -d $group ]; then
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
  ready) [ -d $group ] ;;
  remove) rm -rf "releases/$2" ;;
esac
"""
SERVICE = "#!/bin/sh\nsystemctl $1 dray\n"


def main(config: str, tree: Path, hosts: tuple[str, ...]) -> None:
    """Deploy a release to hosts by a restart."""
    fleet = build_fleet("bench", FleetOptions(hosts=hosts, upgrade="restart", keep=2))
    transport = open_transport(config=Path(config))
    early = EarlyConnections(transport, fleet.hosts, at_a_time=fleet.options.connections)
    from benchmarks.built_release import deploy_tree  # noqa: PLC0415 - loaded while the hosts answer

    deploy_tree(tree, fleet, root=ROOT, transport=transport, early=early)


if __name__ == "__main__":
    gc.set_threshold(100_000)  # as dray does when a pipeline runs
    main(sys.argv[1], Path(sys.argv[2]), tuple(sys.argv[3:]))
    from dray.cli.leave import leave

    leave(0)
