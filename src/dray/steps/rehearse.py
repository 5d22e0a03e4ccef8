"""The step ``rehearse``: tries the upgrades of the release on nodes of this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dray.core.context import Context
from dray.core.release import Release
from dray.core.secret import Secret
from dray.core.step import step
from dray.errors import ConfigError, StepError

if TYPE_CHECKING:
    from dray.core.upgrade import Upgrade
    from dray.upgrade.rehearse import Rehearsal


@step(repeatable=True)
def rehearse(
    release: Release, ctx: Context, *, load: str | None = None, env: dict[str, str | Secret] | None = None
) -> Release:
    """Upgrade a node of each earlier build on this machine, take it back, and compare it with freshly booted ones.

    Args:
        release: With its upgrades.
        ctx: The outside world.
        load: A command line for ``sh`` that puts load on the system meanwhile; its port is in PORT.
        env: Variables for the system; PORT is one that nobody uses.

    Returns:
        The release as it is.
    """
    from dray.memory import Memory
    from dray.package.reuse import manifest_digest
    from dray.upgrade.build import read_build

    if release.tree is None:
        raise ConfigError("rehearse runs a whole release", hint="put rehearse() after upgrade()")
    if not release.upgrades:
        ctx.console.result("no upgrade to rehearse")
    variables = {name: ctx.reveal(value) for name, value in (env or {}).items()}
    memory = Memory(ctx.work / "upgrade")
    for upgrade in release.upgrades:
        base = read_build(Path(upgrade.place))
        question = repr((manifest_digest(release, step="rehearse"), base.identity, load, variables))
        name = f"equal-from-{upgrade.base}"
        if memory.find(name, question) is None:
            _require_equal(_rehearse(release, ctx, upgrade, load, variables), ctx)
            memory.keep(name, question, b"")
        else:
            ctx.console.result(f"from {upgrade.base}: equal, as before")
    return release


def _rehearse(release: Release, ctx: Context, upgrade: Upgrade, load: str | None, env: dict[str, str]) -> Rehearsal:
    import tempfile

    from dray.upgrade.check import unpack_release
    from dray.upgrade.rehearse import rehearse as try_upgrade

    ctx.console.progress(f"upgrading {upgrade.base} to {release.version} and back")
    with tempfile.TemporaryDirectory(prefix="rehearsal-", dir=ctx.work) as folder:
        old = unpack_release(Path(upgrade.place), Path(folder, "base"))
        return try_upgrade(ctx.shell, old, release.tree or Path(), Path(folder, "nodes"), env=env, load=load)


def _require_equal(done: Rehearsal, ctx: Context) -> None:
    """Say what a rehearsal has shown.

    Raises:
        StepError: A node is not what a freshly booted one is, or the load met a failure.
    """
    pauses = [change.pause for change in (done.up, done.down) if change is not None and change.pause is not None]
    pause = f", longest pause {max(pauses) * 1e3:.1f} ms" if pauses else ""
    if done.is_equal:
        ctx.console.result(f"from {done.up.source}: equal both ways, {done.up.mode}{pause}")
        return
    way = f"{done.name} {done.up.source} -> {done.up.target}"
    lines = [
        f"{change.source} -> {change.target}: {text}"
        for change in (done.up, done.down)
        if change is not None
        for text in (change.error, *change.differences)
        if text
    ]
    if done.load:
        lines.append(f"the load failed with status {done.load}")
    raise StepError(
        f"the rehearsal of {way} is not equal",
        output="\n".join(lines),
        hint="docs/upgrades.md says what code has to do; upgrade() without rehearse() ships it all the same",
    )
