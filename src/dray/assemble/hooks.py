"""The hooks of a release: those of the project's ``rel/hooks``, of its configuration, and of steps.

Each becomes a file in ``releases/VERSION/hooks/POINT``, numbered in the order in which it was added; its first line
says where it comes from.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dray.assemble.content import read_source
from dray.core.contents import File
from dray.core.hook import Hook, HookPoint, parse_point, read_hook
from dray.errors import ConfigError, Location

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dray.core.contents import Source
    from dray.core.release import Release
    from dray.core.settings import Settings

FOLDER = "rel/hooks"
SECTION = "hooks"


def add_hooks(release: Release, hooks: Iterable[Hook]) -> Release:
    """Return the release with hooks after those that it has."""
    for hook in hooks:
        folder = f"{release.version_path}/hooks/{hook.point}"
        number = 1 + sum(1 for entry in release.contents if entry.path.startswith(f"{folder}/"))
        name = hook.origin.rpartition("/")[2].removesuffix(".sh")
        release = release.add(File(f"{folder}/{number:03d}-{name}.sh", _mark(hook)))
    return release


@dataclass(frozen=True, slots=True)
class _MarkedFile:
    """A file behind a line that says where it comes from; see ``LazySource``.

    Args:
        origin: The file.
        key: The line.
    """

    origin: str
    key: str

    def transform(self, data: bytes) -> bytes:
        return self.key.encode() + data


def _mark(hook: Hook) -> Source:
    """Return a hook's text behind the line that says where it comes from."""
    line = f"# {hook.origin}\n"
    if isinstance(hook.source, Path):
        return _MarkedFile(str(hook.source), line)
    return line.encode() + read_source(hook.source)


def find_hooks(root: Path, settings: Settings) -> Iterator[Hook]:
    """Yield the hooks of ``rel/hooks/POINT/*.sh``, by point and name, and then those of ``config("hooks", ...)``.

    Args:
        root: The project.
        settings: The values of ``config(...)``.

    Raises:
        ConfigError: A point does not exist, or a file is missing.
    """
    folder = root / FOLDER
    for point in sorted(folder.iterdir()) if folder.is_dir() else ():
        if point.is_dir():
            known = parse_point(point.name)
            yield from (Hook(known, str(path.relative_to(root)), path) for path in sorted(point.glob("*.sh")))
    for key, setting in settings.section(SECTION).items():
        location = setting.origin if isinstance(setting.origin, Location) else None
        try:
            for path in _paths(setting.value):
                yield read_hook(root, key, path)
        except ConfigError as error:
            error.location = error.location or location
            raise


def _paths(value: object) -> tuple[str, ...]:
    paths = (value,) if isinstance(value, str) else value
    if not isinstance(paths, list | tuple) or not all(isinstance(path, str) for path in paths):
        raise ConfigError(
            "a hook is the path of a shell file, or a list of them",
            got=repr(value),
            hint=f'for example config("hooks", {HookPoint.PRE_START}="rel/migrate.sh")',
        )
    return tuple(paths)
