"""The kit of a release: what a host needs to take it, where dray itself does not speak with the host.

host.sh                  does the work there
setup-systemd.tar.gz     makes a host of that init system ready
refused-s6               why the release cannot be run by that one
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dray.deploy.pack import tar_files
from dray.deploy.place import shorten_script
from dray.deploy.setup import build_setup
from dray.errors import ConfigError

if TYPE_CHECKING:
    from dray.core.context import Templates
    from dray.service.model import Service

INITS = ("openrc", "runit", "s6", "systemd", "sysv")
"""The init systems that ``host.sh`` finds."""


def build_kit(service: Service, templates: Templates) -> bytes:
    """Return the kit, a tar.

    Args:
        service: The service that hosts run the release as.
        templates: Renders the files of it.

    Raises:
        ConfigError: No init system can run it.
    """
    files = {"host.sh": (shorten_script(templates.render("deploy/host.sh")).encode(), 0o755)}
    refused: list[ConfigError] = []
    for init in INITS:
        try:
            files[f"setup-{init}.tar.gz"] = (build_setup(service, init, templates).pack(), 0o644)
        except ConfigError as error:
            refused.append(error)
            files[f"refused-{init}"] = (error.what.encode(), 0o644)
    if len(refused) == len(INITS):
        raise refused[0]
    return tar_files(files)
