"""The step ``upgrade``: lets running nodes of earlier versions follow to this one, hot where that is possible."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
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
    from dray.upgrade.assembled import build_of
    from dray.upgrade.rename_release import rename_applications

    _validate_place(release)
    bases, release = _find_bases(release, ctx, from_)
    if not bases:
        ctx.console.result(f"no earlier version of {release.name} to upgrade from")
        return release
    generated = _generate(release, ctx, build_of(release), bases, purge)
    for warning in generated.warnings:
        ctx.console.warn(warning)
    release = rename_applications(release, generated.versions)
    if check:
        variables = {name: ctx.reveal(value) for name, value in (env or {}).items()}
        generated = _check(release, ctx, generated, bases, variables)
    _report(generated, ctx, require)
    return replace(release.add(*generated.files()), upgrades=generated.upgrades())


def _report(generated: GeneratedUpgrade, ctx: Context, require: Literal["hot"] | None) -> None:
    for decided in generated.upgrades():
        reasons = f": {'; '.join(decided.reasons)}" if decided.reasons else ""
        ctx.console.result(f"from {decided.base}: {decided.verdict}{reasons}")
        if require == "hot" and decided.verdict != require:
            raise StepError(
                f"the upgrade from {decided.base} needs a restart{reasons}",
                hint='leave out require="hot", or undo what needs it',
            )


def _check(
    release: Release, ctx: Context, generated: GeneratedUpgrade, bases: tuple[Build, ...], env: dict[str, str]
) -> GeneratedUpgrade:
    """Return the upgrades with what running nodes of the bases say of them."""
    from dray.assemble.tree import sync_tree
    from dray.assemble.tree_index import tree_index_path
    from dray.core.upgrade import Verdict

    if release.tree is None or all(way.verdict is Verdict.RESTART for way in generated.upgrades()):
        return generated
    candidate = replace(release.add(*generated.files()), upgrades=generated.upgrades())
    written, _ = sync_tree(candidate, release.tree, tree_index_path(ctx.work, release.name), prune=False)
    for base in bases:
        if generated.find(base.version).verdict is Verdict.HOT:
            generated = generated.with_reasons(base.version, *_ask_node(written, ctx, base, env))
    return generated


def _ask_node(release: Release, ctx: Context, base: Build, env: dict[str, str]) -> tuple[str, ...]:
    """Return what a running node of a base says against its upgrade; for equal releases, "nothing" is remembered."""
    import tempfile

    from dray.memory import Memory
    from dray.package.reuse import manifest_digest
    from dray.upgrade.check import check_upgrade

    question = repr((manifest_digest(release, step="upgrade"), base.identity, env))
    memory, name = Memory(ctx.work / "upgrade"), f"hot-from-{base.version}"
    if memory.find(name, question) is not None:
        return ()
    ctx.console.progress(f"asking {base.version} whether it could follow")
    with tempfile.TemporaryDirectory(prefix="check-", dir=ctx.work) as folder:
        place, tree = Path(base.side.source), release.tree or Path()
        reasons = check_upgrade(ctx.shell, place, tree, release.version, Path(folder), env=env)
    if not reasons:
        memory.keep(name, question, b"")
    return reasons


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


def _generate(
    release: Release, ctx: Context, new: Build, bases: tuple[Build, ...], purge: Literal["soft", "brutal"]
) -> GeneratedUpgrade:
    from dray.memory import Memory
    from dray.upgrade.generate import generate_upgrade
    from dray.upgrade.helpers import Helpers

    tools = release.project.toolchain if release.project else None
    otp = f"{tools.otp_release} {tools.erts_version}" if tools else ""
    return generate_upgrade(
        new,
        bases,
        purge=purge,
        own_appups=_read_own_appups(ctx.root / "rel" / "appups"),
        helpers=Helpers(Memory(ctx.work / "upgrade"), otp),
        shell=ctx.shell,
        work=ctx.work,
    )


def _read_own_appups(folder: Path) -> dict[str, bytes]:
    return {path.stem: path.read_bytes() for path in sorted(folder.glob("*.appup"))}
