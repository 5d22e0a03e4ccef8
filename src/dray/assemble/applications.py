"""The files of applications: ``lib/NAME-VERSION/{ebin,priv,include}`` and the consolidated protocols.

As under ``mix release``, modules are stripped, symbolic links are followed, and what else a source tree holds stays
behind.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dray.beam.module import KEPT_BY_MIX, StrippedModule
from dray.core.application import AppOrigin
from dray.core.contents import Directory, Entry, File, Source, normalise_mode
from dray.errors import ProjectError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dray.core.application import Application
    from dray.core.erts import Erts
    from dray.core.project import StripOptions, Toolchain

_FOLDERS = ("ebin", "priv", "include")


class ModuleFilter:
    """Decides what becomes of a compiled module.

    Args:
        strip: How to strip; None to leave modules as they are.
        toolchain: Says which chunks the runtime needs.
    """

    def __init__(self, strip: StripOptions | None, toolchain: Toolchain) -> None:
        self.strip = strip
        kept = (*toolchain.significant_chunks, *(strip.keep if strip else ()))
        self.keep = frozenset((*KEPT_BY_MIX, *(name.encode("latin-1") for name in kept)))

    def source(self, path: Path) -> Source:
        """Return where the bytes of a module come from."""
        if self.strip is None or path.suffix != ".beam":
            return path
        return StrippedModule(path, self.keep, self.strip.compress)


def list_application_entries(
    applications: tuple[Application, ...], erts: Erts, modules: ModuleFilter
) -> Iterator[Entry]:
    """Yield the files of all applications; those of OTP only where the release carries its runtime.

    Raises:
        ProjectError: A file cannot be read.
    """
    for application in applications:
        if application.origin is AppOrigin.OTP and not erts.included:
            continue
        for name in _FOLDERS:
            yield from list_folder(application.path / name, f"{application.directory}/{name}", modules)


def list_folder(folder: Path, target: str, modules: ModuleFilter | None = None) -> Iterator[Entry]:
    """Yield all files below a folder as entries below ``target``, links followed; empty for the release's root.

    Args:
        folder: The folder; one that does not exist has no files.
        target: Where they go.
        modules: What becomes of modules; None to take every file as it is.

    Raises:
        ProjectError: A file cannot be read, or links lead in a circle.
    """
    if folder.is_dir():
        yield from _walk(folder, target, modules, (os.path.realpath(folder),))


def _walk(folder: Path, target: str, modules: ModuleFilter | None, above: tuple[str, ...]) -> Iterator[Entry]:
    try:
        items = sorted(os.scandir(folder), key=lambda item: item.name)
    except OSError as error:
        raise ProjectError(f"{folder} cannot be read: {error.strerror}") from None
    if not items and target:
        yield Directory(target)
    for item in items:
        path = folder / item.name
        inner = f"{target}/{item.name}" if target else item.name
        if item.is_dir():
            real = os.path.realpath(path)
            if real in above:
                raise ProjectError(f"the links below {folder} lead in a circle: {path} is {real}")
            yield from _walk(path, inner, modules, (*above, real))
            continue
        try:
            mode = normalise_mode(item.stat().st_mode)
        except OSError as error:
            raise ProjectError(
                f"{path} cannot be read: {error.strerror}", hint="a symbolic link may point to a file that is gone"
            ) from None
        yield File(inner, modules.source(path) if modules else path, mode)
