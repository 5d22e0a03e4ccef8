"""Adds to an assembled release the upgrades from builds of earlier versions, and has them checked by running nodes.

    release, generated = add_upgrades(release, ctx, (read_build(Path("shop-0.1.0.tar.gz")),))
    generated.upgrades()    # hot or restart, for each base, with reasons

The step ``upgrade`` does it with archives, a deployment with what runs on the hosts.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from dray.assemble.manifest import manifest_path
from dray.assemble.tree import sync_tree
from dray.assemble.tree_index import tree_index_path
from dray.core.upgrade import Verdict
from dray.memory import Memory
from dray.upgrade.assembled import build_of
from dray.upgrade.check import check_upgrade
from dray.upgrade.generate import generate_upgrade
from dray.upgrade.helpers import Helpers
from dray.upgrade.rename_release import rename_applications

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dray.core.context import Context
    from dray.core.release import Release
    from dray.upgrade.build import Build
    from dray.upgrade.generate import GeneratedUpgrade


def add_upgrades(
    release: Release,
    ctx: Context,
    bases: tuple[Build, ...],
    *,
    purge: Literal["soft", "brutal"] = "soft",
    check: bool = True,
    env: Mapping[str, str] | None = None,
) -> tuple[Release, GeneratedUpgrade]:
    """Return a release with what nodes of earlier versions need to follow, and what was decided.

    Args:
        release: The release, assembled.
        ctx: The outside world.
        bases: Builds of the earlier versions.
        purge: What happens to processes that still run old code.
        check: Whether to start each base here and to ask it whether it could follow.
        env: Variables for that start.

    Raises:
        StepError: An own appup does not cover what changed.
    """
    generated = _generate(release, ctx, build_of(release), bases, purge)
    for warning in generated.warnings:
        ctx.console.warn(warning)
    release = rename_applications(release, generated.versions)
    if check:
        generated = _check(release, ctx, generated, bases, dict(env or {}))
    return replace(release.add(*generated.files()), upgrades=generated.upgrades()), generated


def _check(
    release: Release, ctx: Context, generated: GeneratedUpgrade, bases: tuple[Build, ...], env: dict[str, str]
) -> GeneratedUpgrade:
    """Return the upgrades with what running nodes of the bases say of them."""
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
    question = repr((release.digests[manifest_path(release)].sha256, base.identity, env))
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


def _generate(
    release: Release, ctx: Context, new: Build, bases: tuple[Build, ...], purge: Literal["soft", "brutal"]
) -> GeneratedUpgrade:
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
