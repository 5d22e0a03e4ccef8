"""The files of applications: ``lib/NAME-VERSION/{ebin,priv,include}`` and the consolidated protocols.

As under ``mix release``, modules are stripped, symbolic links are followed, and what else a source tree holds stays
behind.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from dray.beam.module import KEPT_BY_MIX, StrippedModule, Stripping
from dray.core.application import AppOrigin
from dray.core.contents import Directory, Entry, File, normalise_mode
from dray.errors import ProjectError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dray.core.application import Application
    from dray.core.erts import Erts
    from dray.core.project import StripOptions, Toolchain

_FOLDERS = ("ebin", "priv", "include")


def choose_stripping(options: StripOptions | None, toolchain: Toolchain) -> Stripping | None:
    """Return how the modules of a release are stripped; None where they are left as they are.

    Args:
        options: What the release says.
        toolchain: Says which chunks the runtime needs.
    """
    if options is None:
        return None
    kept = (*toolchain.significant_chunks, *options.keep)
    return Stripping(frozenset((*KEPT_BY_MIX, *(name.encode("latin-1") for name in kept))), options.compress)


def list_application_entries(
    applications: tuple[Application, ...], erts: Erts, strip: Stripping | None
) -> Iterator[Entry]:
    """Yield the files of all applications; those of OTP only where the release carries its runtime.

    Raises:
        ProjectError: A file cannot be read.
    """
    for application in applications:
        if application.origin is AppOrigin.OTP and not erts.included:
            continue
        for name in _FOLDERS:
            modules = strip if name == "ebin" else None
            yield from list_folder(application.path / name, f"{application.directory}/{name}", modules)


def list_folder(folder: Path, target: str, strip: Stripping | None = None) -> Iterator[Entry]:
    """Yield all files below a folder as entries below ``target``, links followed; empty for the release's root.

    Args:
        folder: The folder; one that does not exist has no files.
        target: Where they go.
        strip: How to strip modules; None to take every file as it is.

    Raises:
        ProjectError: A file cannot be read, or links lead in a circle.
    """
    if folder.is_dir():
        yield from _walk(str(folder), f"{target}/" if target else "", strip, (os.path.realpath(folder),))


def _walk(folder: str, prefix: str, strip: Stripping | None, above: tuple[str, ...]) -> Iterator[Entry]:
    try:
        items = sorted(os.scandir(folder), key=lambda item: item.name)
    except OSError as error:
        raise ProjectError(f"{folder} cannot be read: {error.strerror}") from None
    if not items and prefix:
        yield Directory(prefix[:-1])
    for item in items:
        if strip is not None and item.name.endswith(".beam") and item.is_file():
            yield File(prefix + item.name, StrippedModule(item.path, strip))
        elif item.is_dir():
            real = os.path.realpath(item.path)
            if real in above:
                raise ProjectError(f"the links below {folder} lead in a circle: {item.path} is {real}")
            yield from _walk(item.path, f"{prefix}{item.name}/", strip, (*above, real))
        else:
            yield File(prefix + item.name, Path(item.path), _read_mode(item))


def _read_mode(item: os.DirEntry[str]) -> int:
    try:
        return normalise_mode(item.stat().st_mode)
    except OSError as error:
        raise ProjectError(
            f"{item.path} cannot be read: {error.strerror}", hint="a symbolic link may point to a file that is gone"
        ) from None
