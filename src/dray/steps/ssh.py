"""The step ``ssh``: deploys the release to the hosts of a fleet."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dray.core.context import Context
from dray.core.release import Release
from dray.core.step import step

if TYPE_CHECKING:
    from dray.deploy.early import EarlyConnections


def _connect(ctx: Context, fleet: str = "servers", *, hosts: tuple[str, ...] = ()) -> EarlyConnections:
    from dray.deploy.fleet import read_fleet
    from dray.deploy.ssh_place import connect_early

    early = connect_early(read_fleet(ctx.settings, fleet, hosts=hosts))
    from dray.deploy import deployment  # noqa: F401 - loaded while the hosts answer

    return early


@step(warm_up=_connect)
def ssh(release: Release, ctx: Context, fleet: str = "servers", *, hosts: tuple[str, ...] = ()) -> Release:
    """Deploy the release to the hosts of a fleet, which config("fleet", NAME, ...) describes.

    A first deployment and an update are the same: only what a host lacks is sent, all hosts have it before the first
    one is switched, and then they follow in batches, hot where that is possible, else by a restart. What is not well
    goes back to what it was.

    Args:
        release: Assembled.
        ctx: The outside world.
        fleet: The fleet.
        hosts: Machines in the place of those of the configuration, ``[USER@]NAME[:PORT]``.

    Returns:
        The release as it was deployed.
    """
    from dray.deploy.deployment import deploy_release
    from dray.deploy.early import EarlyConnections
    from dray.deploy.fleet import read_fleet
    from dray.deploy.ssh_place import build_ssh_place

    described = read_fleet(ctx.settings, fleet, hosts=hosts)
    place, loop_factory = build_ssh_place(release.name, described, ctx), None
    if isinstance(early := ctx.warmed(), EarlyConnections):  # a step that overrides this one may warm up otherwise
        place, loop_factory = replace(place, transport=early.before(place.transport)), early.take_over
    done, rollout = deploy_release(release, ctx, described, place, loop_factory=loop_factory)
    return done.with_rollout(rollout)
