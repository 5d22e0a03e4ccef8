"""The step ``ssh``: deploys the release to the hosts of a fleet."""

from __future__ import annotations

from dray.core.context import Context
from dray.core.release import Release
from dray.core.step import step


def _load() -> None:
    from dray.deploy import deployment  # noqa: F401
    from dray.deploy.open_transport import load_asyncssh

    load_asyncssh()


@step(warm_up=_load)
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
    from dray.deploy.fleet import read_fleet
    from dray.deploy.ssh_place import build_ssh_place

    described = read_fleet(ctx.settings, fleet, hosts=hosts)
    done, rollout = deploy_release(release, ctx, described, build_ssh_place(release.name, described, ctx))
    return done.with_rollout(rollout)
