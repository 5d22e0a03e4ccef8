"""Native code in a release: found, named with its platform, and compared with that of the runtime."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dray.core.application import AppOrigin
from dray.core.contents import File
from dray.errors import ProjectError
from dray.native.find import ELF_MAGIC, is_native

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dray.core.contents import Entry
    from dray.core.erts import Erts
    from dray.core.release import Release
    from dray.native.platform import Platform

_EMULATORS = ("beam.smp", "beam")


@dataclass(frozen=True, slots=True)
class NativeFile:
    """A file of machine code.

    Args:
        path: Where it is in the release.
        source: The file it comes from.
        application: The application that it belongs to.
        platform: What it needs; None where it is of a kind that is not read, such as one for macOS.
    """

    path: str
    source: Path
    application: str
    platform: Platform | None


def check_native(release: Release, entries: Iterable[Entry], erts: Erts) -> tuple[NativeFile, ...]:
    """Return the native code of the project and its dependencies.

    That of OTP itself is of the same installation as the runtime, and left out.

    Args:
        release: The release.
        entries: Its files.
        erts: The runtime.

    Raises:
        ProjectError: A file was made for a machine that is not the runtime's.
        IntegrityError: A file is damaged.
    """
    owners = {f"{app.directory}/priv/": app.name for app in release.applications if app.origin is not AppOrigin.OTP}
    prefixes = tuple(owners)
    found = []
    for entry in entries:
        if not isinstance(entry, File) or not isinstance(entry.source, Path) or not entry.path.startswith(prefixes):
            continue
        with entry.source.open("rb") as file:
            head = file.read(4)
        if is_native(head):
            owner = owners["/".join(entry.path.split("/")[:3]) + "/"]
            found.append(NativeFile(entry.path, entry.source, owner, _read(entry.source)))
    if found:
        _compare(found, release, erts)
    return tuple(found)


def read_erts_platform(erts: Erts) -> Platform | None:
    """Return the platform of a runtime; None where its emulator is no ELF file."""
    for name in _EMULATORS:
        path = erts.source / "bin" / name
        if path.is_file():
            return _read(path)
    return None


def _read(path: Path) -> Platform | None:
    from dray.native.elf import read_platform  # noqa: PLC0415 - most projects have no native code

    data = path.read_bytes()
    return read_platform(data, file=str(path)) if data[:4] == ELF_MAGIC else None


def _compare(found: list[NativeFile], release: Release, erts: Erts) -> None:
    runtime = read_erts_platform(erts)
    if runtime is None:
        return
    sources = {item.name: item.source for item in release.project.dependencies} if release.project else {}
    for item in found:
        if item.platform is None or item.platform.runs_on(runtime):
            continue
        kind = f"the {sources[item.application]} dependency" if item.application in sources else "the application"
        raise ProjectError(
            f"{item.source} is native code for {item.platform}, and the runtime of the release is for {runtime}: "
            f"{kind} {item.application} would not load",
            hint=f"compile {item.application} for {runtime.cpu}-{runtime.system}-{runtime.libc}, "
            f"for example: mix deps.compile {item.application} --force",
        )
