"""The hooks that a project brings itself: the files of its ``rel/hooks``, and those that its configuration names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dray.core.hook import HookPoint, add_hook, parse_point
from dray.errors import ConfigError, Location

if TYPE_CHECKING:
    from pathlib import Path

    from dray.core.release import Release
    from dray.core.settings import Settings

FOLDER = "rel/hooks"
SECTION = "hooks"


def add_project_hooks(release: Release, root: Path, settings: Settings) -> Release:
    """Return the release with the hooks of ``rel/hooks/POINT/*.sh``, by name, and then of ``config("hooks", ...)``.

    Args:
        release: The release.
        root: The project.
        settings: The values of ``config(...)``.

    Raises:
        ConfigError: A point does not exist, a file is missing, or one is not named like a hook.
    """
    folder = root / FOLDER
    for place in sorted(folder.iterdir()) if folder.is_dir() else ():
        if place.suffix == ".sh":
            raise ConfigError(
                f"{place.relative_to(root)} belongs into the folder of a hook point",
                hint=f"for example: {FOLDER}/{HookPoint.PRE_START}/{place.name}",
            )
        if place.is_dir():
            point = _point_of(place, root)
            for path in list_shell_files(place, root):
                release = add_hook(release, point, path, origin=str(path.relative_to(root)))
    for key, setting in settings.section(SECTION).items():
        try:
            for name in _paths(setting.value):
                release = add_hook_file(release, root, key, name)
        except ConfigError as error:
            error.location = error.location or (setting.origin if isinstance(setting.origin, Location) else None)
            raise
    return release


def add_hook_file(release: Release, root: Path, point: str, path: str) -> Release:
    """Return the release with a hook of a file of the project.

    Args:
        release: The release.
        root: The project.
        point: The name of the hook point.
        path: The file, relative to the project.

    Raises:
        ConfigError: There is no such point or no such file.
    """
    known, file = parse_point(point), root / path
    if not file.is_file():
        raise ConfigError(f"the hook {path} for {known} is missing: there is no such file", got=path)
    return add_hook(release, known, file, origin=path)


def _point_of(folder: Path, root: Path) -> HookPoint:
    try:
        return parse_point(folder.name)
    except ConfigError as error:
        similar = error.suggestion()
        name = folder.relative_to(root)
        if similar:
            error.hint = f"rename it: mv {name} {name.with_name(similar)}"
        error.location = Location(str(folder), 0)
        raise


def list_shell_files(folder: Path, root: Path) -> list[Path]:
    """Return the files of a folder that end in ``.sh``, by name; a README and hidden files may stand beside them.

    Raises:
        ConfigError: There is a file of another name, which would be passed over.
    """
    found = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "README")) or path.name.endswith("~"):
            continue
        if path.suffix == ".sh":
            found.append(path)
        else:
            name = path.relative_to(root)
            raise ConfigError(f"{name} does not end in .sh", got=path.name, hint=f"rename it: mv {name} {name}.sh")
    return found


def _paths(value: object) -> tuple[str, ...]:
    paths = (value,) if isinstance(value, str) else value
    if not isinstance(paths, list | tuple) or not all(isinstance(path, str) for path in paths):
        raise ConfigError(
            "a hook is the path of a shell file, or a list of them",
            got=repr(value),
            hint=f'for example config("hooks", {HookPoint.PRE_START}="rel/migrate.sh")',
        )
    return tuple(paths)
