"""The step ``deb``: packs the release into a Debian package."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dray.core.option import Option, read_options
from dray.core.paths import display_path
from dray.core.step import StepDefinition
from dray.errors import ConfigError

if TYPE_CHECKING:
    from dray.core.artifact import Artifact
    from dray.core.context import Context
    from dray.core.release import Release
    from dray.package.deb.options import DebOptions
    from dray.package.deb.package import DebPackage


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
    from dray.package.deb.build import build_packages
    from dray.package.deb.distribution import read_machine
    from dray.package.deb.group import list_group
    from dray.package.deb.options import DebOptions
    from dray.package.reuse import manifest_digest

    options = DebOptions(**{**settings, **{key: tuple(settings[key]) for key in _LISTS}})
    manifest_digest(release, step="deb")
    group = list_group(release, ctx, options) if options.split else None
    machine, time = read_machine(), _read_time(release, ctx)
    packages = build_packages(release, ctx, options, group=group, machine=machine, time=time)
    if options.file and len(packages) > 1:
        raise ConfigError("deb: file names one file, and split makes several", got=options.file)
    artifacts = [_write_package(release, ctx, options, package) for package in packages]
    for artifact in artifacts:
        release = release.with_artifact(artifact)
    return replace(release, inputs=(*release.inputs, *group.list_inputs())) if group else release


def _write_package(release: Release, ctx: Context, options: DebOptions, package: DebPackage) -> Artifact:
    """Write a package's file, unless it is there already."""
    from dray.assemble.facts import facts_of
    from dray.package.deb.archive import write_deb
    from dray.package.deb.codec import choose_codec
    from dray.package.deb.distribution import choose_distributions, read_machine
    from dray.package.reuse import manifest_digest, reuse_or_write

    project, definition = facts_of(release)
    folder = project.build_path if definition.path is None else project.root / definition.path
    path = folder / _check_name(options.file or package.file_name)
    distributions = choose_distributions(options.distributions, read_machine())
    codec = choose_codec(distributions, options.compression, options.level)
    # What is the same for several releases says nothing of this one.
    manifest = manifest_digest(release, step="deb") if package.time is None else ""
    mtime = _read_time(release, ctx) if package.time is None else package.time
    artifact, reused = reuse_or_write(
        path,
        kind="deb",
        key=f"{manifest}:{package.identity}:{codec}:{mtime}",
        records=ctx.work / "artifacts.json",
        write=lambda target: write_deb(package, target, codec=codec, mtime=mtime),
    )
    size = f"{artifact.size / 1e6:.1f} MB"
    ctx.console.result(f"{display_path(path, ctx.root)}, {size}{', unchanged' if reused else ''}")
    return artifact


def _read_time(release: Release, ctx: Context) -> int:
    from dray.package.timestamp import source_date

    return source_date(ctx.environ, release.project.commit if release.project else None)


def _check_name(name: str) -> str:
    if "/" in name or not name.endswith(".deb"):
        raise ConfigError("deb: file is a file's name that ends in .deb", got=name)
    return name


_LISTS = ("depends", "recommends", "distributions")


def _list_options() -> tuple[Option, ...]:
    from dray.package.deb.options import DebOptions

    return read_options(DebOptions, skip=0)


deb: StepDefinition[...] = StepDefinition("deb", add_deb, _list_options, repeatable=True)
"""The step; its options are the fields of ``dray.package.deb.options.DebOptions``."""
