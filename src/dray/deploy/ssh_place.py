"""The hosts of a fleet as a place that releases are deployed to: over ssh, where ``config("service", ...)`` says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dray.deploy.accept import accept_fingerprints
from dray.deploy.ask import ask_user
from dray.deploy.early import EarlyConnections
from dray.deploy.open_transport import open_transport
from dray.deploy.place import Place, shorten_script
from dray.service.model import build_service
from dray.service.options import read_service_options

if TYPE_CHECKING:
    from dray.core.context import Context
    from dray.deploy.fleet import Fleet
    from dray.service.model import Service


def build_ssh_place(name: str, fleet: Fleet, ctx: Context) -> Place:
    """Return a release on the hosts of a fleet.

    Raises:
        ConfigError: ``config("service", ...)`` breaks a rule.
    """
    options = fleet.options

    def accept(host: str, algorithm: str, fingerprint: str) -> bool:
        if host in options.host_keys:
            return accept_fingerprints((options.host_keys[host],))(host, algorithm, fingerprint)
        with ctx.console.hold():
            return ask_user(host, algorithm, fingerprint)

    transport = open_transport(options.transport, config=_find_config(fleet), accept=accept)
    script = shorten_script(ctx.templates.render("deploy/host.sh"))
    return Place(name, read_service(name, ctx).root, transport, script)


def connect_early(fleet: Fleet) -> EarlyConnections:
    """Begin to connect to the hosts of a fleet, before there is anything to deploy."""
    transport = open_transport(fleet.options.transport, config=_find_config(fleet))
    return EarlyConnections(transport, fleet.hosts, at_a_time=fleet.options.connections)


def _find_config(fleet: Fleet) -> Path | None:
    return Path(fleet.options.ssh_config).expanduser() if fleet.options.ssh_config else None


def read_service(name: str, ctx: Context, description: str = "") -> Service:
    """Return the service that hosts run a release as."""
    options = read_service_options(ctx.settings.section("service"), {})
    return build_service(options, release=name, description=description)
