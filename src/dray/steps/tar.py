"""The step ``tar``: packs the release into one compressed archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dray.core.context import Context
from dray.core.paths import display_path
from dray.core.release import Release
from dray.core.step import step
from dray.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from dray.core.contents import Digest


@step(repeatable=True)
def tar(release: Release, ctx: Context, *, name: str | None = None, level: int = 5) -> Release:
    """Pack the release into ``_build/ENV/NAME-VERSION.tar.gz``.

    Unpacked in any folder of any machine of the same platform, it runs.

    Args:
        release: Assembled.
        ctx: The outside world.
        name: The file's name, ``{name}`` and ``{version}`` filled in; by default ``{name}-{version}.tar.gz``.
        level: How hard to compress, 1 (fast) to 12 (small).

    Returns:
        The release with one more artifact.
    """
    from dray.assemble.facts import facts_of
    from dray.package.reuse import manifest_digest, reuse_or_write
    from dray.package.timestamp import source_date

    project, definition = facts_of(release)
    if not 1 <= level <= 12:
        raise ConfigError("tar: level is a number from 1 to 12", got=str(level))
    folder = project.build_path if definition.path is None else project.root / definition.path
    path = folder / _file_name(name, release)
    mtime = source_date(ctx.environ, project.commit)
    artifact, reused = reuse_or_write(
        path,
        kind="tar",
        key=f"{manifest_digest(release, step='tar')}:{level}:{mtime}",
        records=ctx.work / "artifacts.json",
        write=lambda target: _write(release, target, level, mtime),
    )
    size = f"{artifact.size / 1e6:.1f} MB"
    ctx.console.result(f"{display_path(path, ctx.root)}, {size}{', unchanged' if reused else ''}")
    return release.with_artifact(artifact)


def _write(release: Release, target: Path, level: int, mtime: int) -> Digest:
    from dray.package.tar import write_tar_gz

    return write_tar_gz(release, target, level=level, mtime=mtime)


def _file_name(pattern: str | None, release: Release) -> str:
    name = (pattern or "{name}-{version}.tar.gz").replace("{name}", release.name)
    name = name.replace("{version}", release.version)
    if "/" in name or not name.endswith((".tar.gz", ".tgz")):
        raise ConfigError("tar: name is a file's name that ends in .tar.gz", got=name)
    return name
