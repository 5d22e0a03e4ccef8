"""The step ``local``: deploys the release into a folder of this machine, without ssh and without root."""

from __future__ import annotations

from typing import Literal

from dray.core.context import Context
from dray.core.release import Release
from dray.core.step import step


@step
def local(
    release: Release,
    ctx: Context,
    path: str,
    *,
    upgrade: Literal["auto", "hot", "restart"] = "auto",
    check: str | tuple[str, ...] = (),
    timeout: int = 60,
    keep: int = 5,
) -> Release:
    """Deploy the release into a folder of this machine, and run it there in the background.

    A first deployment and an update are the same: what runs follows hot where that is possible, else by a restart,
    and goes back to what it was if it is not well.

    Args:
        release: Assembled.
        ctx: The outside world.
        path: The folder, relative to the project; it is made.
        upgrade: ``"hot"`` refuses a restart, ``"restart"`` always restarts.
        check: When the release is well besides being ready: a URL, ``elixir:`` and an expression, or a command.
        timeout: Seconds until a release that is not well has failed.
        keep: How many good versions stay.

    Returns:
        The release as it was deployed.
    """
    from dray.deploy.deployment import deploy_release
    from dray.deploy.local_place import build_local_fleet, build_local_place, pack_local_scripts

    place = build_local_place(release.name, ctx.root / path, ctx.templates)
    fleet = build_local_fleet(path, upgrade=upgrade, check=check, timeout=timeout, keep=keep)
    done, rollout = deploy_release(release, ctx, fleet, place, scripts=pack_local_scripts(place, ctx.templates))
    return done.with_rollout(rollout)
