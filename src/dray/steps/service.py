"""The step ``service``: adds the files by which an init system runs the release."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dray.core.option import Option
from dray.core.step import StepDefinition

if TYPE_CHECKING:
    from dray.core.context import Context
    from dray.core.release import Release


def add_service(release: Release, ctx: Context, *formats: str, **settings: Any) -> Release:
    """Add the files by which an init system runs the release, at share/service/FORMAT.

    Templates come from the project, from plugins and from dray, not from the user's home folder: what is built is the
    same for all.

    Args:
        release: The release.
        ctx: The outside world.
        formats: The init systems; see ``dray export --help``.
        settings: The fields of ``ServiceOptions``.

    Returns:
        The release with the files.
    """
    from dray.core.contents import File
    from dray.errors import StepError
    from dray.service.export import render_format
    from dray.service.model import build_service
    from dray.service.options import ServiceOptions
    from dray.service.registry import list_format_names, load_format

    if not formats:
        raise StepError(f'service needs a format: service("systemd"); there are: {", ".join(list_format_names())}')
    options = ServiceOptions(**{**settings, **{key: tuple(settings[key]) for key in ("relax", "writable")}})
    description = (release.project.description if release.project else None) or ""
    described = build_service(options, release=release.name, description=description)
    entries: list[File] = []
    for name in formats:
        chosen = load_format(name)
        folder = f"share/service/{name}"
        files = render_format(chosen, options, described, templates=ctx.templates, warn=ctx.console.warn)
        entries += [File(f"{folder}/{file.path}", file.text.encode(), file.mode) for file in files]
    ctx.console.result(f"{', '.join(formats)}: {len(entries)} files")
    return release.add(*entries)


def _list_options() -> tuple[Option, ...]:
    from dray.service.options import list_options

    return (Option("formats", str, positional=True, variadic=True), *list_options())


service: StepDefinition[...] = StepDefinition(
    "service", add_service, _list_options, reads_tree=False, repeatable=True
)
"""The step; its options are the fields of ``dray.service.options.ServiceOptions``."""
