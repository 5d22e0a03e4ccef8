"""The step ``deb``: packs the release into a Debian package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dray.core.option import Option, read_options
from dray.core.paths import display_path
from dray.core.step import StepDefinition

if TYPE_CHECKING:
    from dray.core.context import Context
    from dray.core.release import Release


def add_deb(release: Release, ctx: Context, **settings: Any) -> Release:
    """Pack the release into ``_build/ENV/NAME_VERSION_ARCHITECTURE.deb``, which installs it as a service.

    Everything has a default that is made of the project; what ``config("service", ...)`` says counts here, too.

    Args:
        release: Assembled.
        ctx: The outside world.
        settings: The fields of ``DebOptions``.

    Returns:
        The release with one more artifact.
    """
    from dray.assemble.facts import facts_of
    from dray.package.deb.archive import write_deb
    from dray.package.deb.build import build_package, prepare_packaging
    from dray.package.deb.codec import choose_codec
    from dray.package.deb.distribution import read_machine
    from dray.package.deb.options import DebOptions
    from dray.package.reuse import manifest_digest, reuse_or_write
    from dray.package.timestamp import source_date

    options = DebOptions(**{**settings, **{key: tuple(settings[key]) for key in _LISTS}})
    manifest = manifest_digest(release, step="deb")
    project, definition = facts_of(release)
    folder = project.build_path if definition.path is None else project.root / definition.path
    mtime = source_date(ctx.environ, project.commit)
    packaging = prepare_packaging(release, ctx, options, machine=read_machine(), time=mtime)
    codec = choose_codec(packaging.distributions, options.compression, options.level)
    package = build_package(packaging, ctx, options)
    path = folder / _check_name(options.file or package.file_name)
    artifact, reused = reuse_or_write(
        path,
        kind="deb",
        key=f"{manifest}:{package.identity}:{codec}:{mtime}",
        records=ctx.work / "artifacts.json",
        write=lambda target: write_deb(package, target, codec=codec, mtime=mtime),
    )
    size = f"{artifact.size / 1e6:.1f} MB"
    ctx.console.result(f"{display_path(path, ctx.root)}, {size}{', unchanged' if reused else ''}")
    return release.with_artifact(artifact)


def _check_name(name: str) -> str:
    from dray.errors import ConfigError

    if "/" in name or not name.endswith(".deb"):
        raise ConfigError("deb: file is a file's name that ends in .deb", got=name)
    return name


_LISTS = ("depends", "recommends", "distributions")


def _list_options() -> tuple[Option, ...]:
    from dray.package.deb.options import DebOptions

    return read_options(DebOptions, skip=0)


deb: StepDefinition[...] = StepDefinition("deb", add_deb, _list_options, repeatable=True)
"""The step; its options are the fields of ``dray.package.deb.options.DebOptions``."""
