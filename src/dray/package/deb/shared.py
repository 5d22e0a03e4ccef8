"""What a release shares with the others of its project: ERTS and the applications of OTP and Elixir, file by file.

A release's package has links in their place: one for each application, and one for each program of ERTS. ``erl``
itself stays with the release, since a system is started from the folder that it lies in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dray.assemble.applications import choose_stripping, list_application_entries
from dray.assemble.content import read_file, read_source
from dray.assemble.erts import list_erts_entries
from dray.assemble.facts import facts_of
from dray.core.contents import File, Symlink
from dray.errors import ConfigError
from dray.package.deb.files import is_left_out
from dray.package.deb.group import SHARED
from dray.package.deb.place import Place

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dray.core.contents import Entry
    from dray.core.context import Templates
    from dray.core.erts import Erts
    from dray.core.release import Release
    from dray.package.deb.group import Group


def list_shared_files(release: Release, group: Group, templates: Templates) -> tuple[File, ...]:
    """Return the files of the runtime that a release takes, as OTP and Elixir have them.

    Raises:
        ConfigError: The release wants one of them otherwise.
        ProjectError: A file cannot be read.
    """
    project, definition = facts_of(release)
    strip = choose_stripping(definition.strip, project.toolchain)
    erts = find_erts_of(release)
    entries = [*list_erts_entries(erts, templates), *list_application_entries(group.list_shared(), erts, strip)]
    # As in a release, the last of one path counts.
    last = {entry.path: entry for entry in entries if isinstance(entry, File) and not is_left_out(entry.path)}
    files = tuple(last.values())
    _validate_untouched(release, files)
    return files


def _validate_untouched(release: Release, files: Iterable[File]) -> None:
    """Refuse a release that has other files where the runtime is: all releases share these."""
    folders = tuple(f"{folder}/" for folder in list_shared_folders(release))
    mine = {e.path: e for e in release.contents if e.path.startswith(folders) and not is_left_out(e.path)}
    for file in files:
        if file.path.startswith(folders) and not _is_same(release, file, mine.pop(file.path, None)):
            raise _refuse(release, file.path)
    for path, entry in mine.items():
        if isinstance(entry, File | Symlink):
            raise _refuse(release, path)


def _is_same(release: Release, shared: File, own: Entry | None) -> bool:
    if own == shared:
        return True
    return isinstance(own, File) and own.mode == shared.mode and read_file(release, own) == read_source(shared.source)


def _refuse(release: Release, path: str) -> ConfigError:
    return ConfigError(
        f"deb: several packages want {path}: a step or an overlay gives {release.name} another one than the runtime "
        "has, which the releases share",
        got=path,
        hint="put the file elsewhere in the release, or leave out split=True",
    )


def list_shared_folders(release: Release) -> tuple[str, ...]:
    """Return the folders of a release that its runtime has."""
    return (find_erts_of(release).directory, *(app.directory for app in release.applications if app.origin in SHARED))


def link_shared(own: Iterable[Entry], release: Release, place: Place, runtime: str) -> list[Entry]:
    """Return the entries of a release's package with links to a runtime, in place of the runtime itself.

    The links are absolute: they hold in the folder where an upgrade keeps the old version, too.

    Args:
        own: The release's entries, with all that it consists of.
        release: The release.
        place: Where they go.
        runtime: The runtime's package.
    """
    root, shared = place.root, f"/{Place(runtime).root}"
    programs = f"{root}/{find_erts_of(release).directory}/bin/"
    folders = list_shared_folders(release)[1:]
    applications = tuple(f"{root}/{folder}/" for folder in folders)
    kept: list[Entry] = []
    for entry in own:
        if entry.path.startswith(programs) and entry.path != f"{programs}erl":
            kept.append(Symlink(entry.path, f"{shared}/{entry.path.removeprefix(f'{root}/')}"))
        elif not entry.path.startswith(applications):
            kept.append(entry)
    return [*kept, *(Symlink(f"{root}/{folder}", f"{shared}/{folder}") for folder in folders)]


def find_erts_of(release: Release) -> Erts:
    """Return the runtime of a release.

    Raises:
        ConfigError: It is not known yet.
    """
    if release.erts is None:
        raise ConfigError("deb packs an assembled release", hint="put assemble() before deb()")
    return release.erts
