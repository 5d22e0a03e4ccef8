"""The step ``upgrade``: lets running nodes of earlier versions follow to this one, hot where that is possible."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from dray.core.context import Context
from dray.core.release import Release
from dray.core.secret import Secret
from dray.core.step import step
from dray.errors import ConfigError, StepError

if TYPE_CHECKING:
    from dray.upgrade.build import Build
    from dray.upgrade.generate import GeneratedUpgrade


@step(reads_tree=False, repeatable=True)
def upgrade(
    release: Release,
    ctx: Context,
    from_: str | tuple[str, ...] = "last",
    *,
    require: Literal["hot"] | None = None,
    purge: Literal["soft", "brutal"] = "soft",
    check: bool = True,
    env: dict[str, str | Secret] | None = None,
) -> Release:
    """Add what a running node of an earlier version needs to become this one, and to get back.

    Applications that changed under the same version get a content suffix, each changed one an appup, and the release
    a relup. Where a node cannot follow without a restart, the release says why.

    Args:
        release: Assembled.
        ctx: The outside world.
        from_: The earlier builds: ``"last"`` for the newest archive or package of another version beside this one's,
            a release's folder, archive or package, or several of them.
        require: ``"hot"`` makes an upgrade that needs a restart an error.
        purge: What happens to processes that still run old code: ``"soft"`` waits for them, ``"brutal"`` ends them.
        check: Whether to start each earlier build here and to ask it whether it could follow: what its supervisors
            start is not to be found out otherwise. Without it, the host finds out.
        env: Variables for that start; PORT is one that nobody uses.

    Returns:
        The release with its upgrades.
    """
    from dray.upgrade.add import add_upgrades

    _validate_place(release)
    bases, release = _find_bases(release, ctx, from_)
    if not bases:
        ctx.console.result(f"no earlier version of {release.name} to upgrade from")
        return release
    variables = {name: ctx.reveal(value) for name, value in (env or {}).items()}
    release, generated = add_upgrades(release, ctx, bases, purge=purge, check=check, env=variables)
    _report(generated, ctx, require)
    return release


def _report(generated: GeneratedUpgrade, ctx: Context, require: Literal["hot"] | None) -> None:
    for decided in generated.upgrades():
        reasons = f": {'; '.join(decided.reasons)}" if decided.reasons else ""
        ctx.console.result(f"from {decided.base}: {decided.verdict}{reasons}")
        if require == "hot" and decided.verdict != require:
            raise StepError(
                f"the upgrade from {decided.base} needs a restart{reasons}",
                hint='leave out require="hot", or undo what needs it',
            )


def _validate_place(release: Release) -> None:
    if release.tree is None:
        raise ConfigError("upgrade compares a whole release", hint="put upgrade() after assemble()")
    if release.artifacts:
        raise ConfigError(
            f"upgrade changes the release, and {release.artifacts[0].path.name} is made already",
            hint="put upgrade() before tar()",
        )


def _find_bases(release: Release, ctx: Context, from_: str | tuple[str, ...]) -> tuple[tuple[Build, ...], Release]:
    """Return the bases, and the release that remembers what they were found in."""
    from dray.assemble.facts import facts_of
    from dray.core.upgrade import Input
    from dray.upgrade.bases import LAST, list_inputs, read_last, resolve_path
    from dray.upgrade.build import read_build

    project, definition = facts_of(release)
    folder = project.build_path if definition.path is None else project.root / definition.path
    bases: list[Build | None] = []
    inputs: list[Input] = []
    for given in (from_,) if isinstance(from_, str) else from_:
        if given == LAST:
            bases.append(read_last(folder, release.name, release.version))
            inputs += list_inputs(folder, release.name)
        else:
            path = resolve_path(ctx.root, given)
            bases.append(read_build(path))
            inputs.append(Input(path))
    found = tuple(base for base in bases if base is not None)
    return found, replace(release, inputs=(*release.inputs, *inputs))
