"""A folder of this machine as a place that releases are deployed to: a fleet of one host, without ssh and root."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dray.deploy.fleet import Fleet, FleetOptions, build_fleet
from dray.deploy.local import LocalTransport
from dray.deploy.pack import pack_files
from dray.deploy.place import Place, shorten_script
from dray.service.control import Control

if TYPE_CHECKING:
    from pathlib import Path

    from dray.core.context import Templates

THIS_MACHINE = "localhost"


def build_local_place(name: str, path: Path, templates: Templates) -> Place:
    """Return a release in a folder of this machine.

    Args:
        name: The release.
        path: The folder.
        templates: Renders ``deploy/host.sh``.
    """
    script = shorten_script(templates.render("deploy/host.sh"))
    return Place(name, str(path), LocalTransport(), script, as_root=False)


def build_local_fleet(path: str, **options: Any) -> Fleet:
    """Return the fleet of which this machine is the only host, named after the folder.

    Raises:
        ConfigError: An option is wrong.
    """
    return build_fleet(path, FleetOptions(hosts=(THIS_MACHINE,), **options))


def pack_local_scripts(place: Place, templates: Templates) -> bytes:
    """Return the scripts by which a release runs in a folder: as a daemon of its own, with the user's variables."""
    launcher, log = f'"${{0%/*}}/../bin/{place.name}"', '"${RELEASE_TMP:-${0%/*}/../tmp}/log/"erlang.log.*'
    control = Control(
        "", f"{launcher} daemon", f"{launcher} stop", f'tail -n "$2" ${{3:+-f}} "$(ls -t {log} | head -n 1)"'
    )
    texts = {
        "service": templates.render("deploy/service", name=place.name, control=control),
        "command": templates.render("deploy/command", name=place.name, root=place.root),
    }
    return pack_files({name: (text.encode(), 0o755) for name, text in texts.items()})
