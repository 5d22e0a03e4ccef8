"""The step ``store``: puts the release into a store, from which hosts take it by Ansible."""

from __future__ import annotations

from typing import Literal

from dray.core.context import Context
from dray.core.release import Release
from dray.core.step import step


@step
def store(release: Release, ctx: Context, address: str, *, upgrade: Literal["auto", "restart"] = "auto") -> Release:
    """Put the release into a store: for AWX, and for hosts that follow a store by themselves.

    Args:
        release: Assembled.
        ctx: The outside world.
        address: A folder, ``ssh://HOST/PATH`` or ``s3://BUCKET/FOLDER``.
        upgrade: ``"restart"`` makes no hot upgrades.

    Returns:
        The release as hosts take it.
    """
    from dray.deploy.store_release import store_release
    from dray.repository.address import open_store

    with open_store(address, root=ctx.root) as opened, opened.lock():
        done, stored = store_release(release, ctx, opened, how=upgrade)
    ctx.console.result(f"{release.name} {stored.version} in {address}, checksum {stored.checksum}")
    return done
