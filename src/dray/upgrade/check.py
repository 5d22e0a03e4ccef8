"""Asks a running node of an earlier version whether it could become the new one: a dry run of the upgrade, here.

What the children of a supervisor are, only a node that runs can tell; most Elixir projects list them in
``Application.start/2``. The launcher's own ``upgrade --check`` does it, as it would on a host.
"""

from __future__ import annotations

import json
import lzma
import tarfile
import zlib
from typing import TYPE_CHECKING

from dray.assemble.stored_deb import is_package, unpack_package
from dray.errors import IntegrityError, Location, StepError, ToolError, UsageError
from dray.upgrade.local_node import copy_release, find_free_port, run_copy

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dray.core.context import Shell


def check_upgrade(
    shell: Shell, old: Path, new: Path, version: str, folder: Path, *, env: Mapping[str, str]
) -> tuple[str, ...]:
    """Return why a running node of the old version cannot become the new one; nothing where it can.

    Args:
        shell: Starts programs.
        old: The tree, the tar or the package of the old version.
        new: The tree of the new version, with its upgrade.
        version: The new version.
        folder: An empty folder.
        env: Variables for the system. ``PORT`` is a free port unless it is given.
    """
    tree = unpack_release(old, folder / "base")
    try:
        with run_copy(shell, tree, folder / "node", env={"PORT": str(find_free_port()), **env}) as node:
            copy_release(new, node.tree)
            done = node.call("upgrade", version, "--check", "--json", check=False)
    except StepError as error:
        return (f"what its supervisors start is not known: {error.what}{_last_line(error.output)}",)
    try:
        report = json.loads(done.output)
    except ValueError:
        raise ToolError(f"the upgrade to {version} cannot be checked", output=done.output) from None
    if "error" in report:
        return (report["error"],)
    return tuple(report["reasons"])


def unpack_release(place: Path, folder: Path) -> Path:
    """Return the folder of a release; a tar or a package is unpacked first.

    Args:
        place: A tree, a tar or a package.
        folder: Where an archive is unpacked.

    Raises:
        UsageError: It is no release.
        IntegrityError: It is damaged.
    """
    if place.is_dir():
        return place
    try:
        if is_package(place):
            unpack_package(place, folder)
        elif not place.is_file() or not tarfile.is_tarfile(place):
            raise UsageError("a release that runs is a folder, a tar or a Debian package", got=str(place))
        else:
            with tarfile.open(place) as archive:
                archive.extractall(folder, filter="tar")
    except (tarfile.TarError, EOFError, ValueError, zlib.error, lzma.LZMAError) as error:
        raise IntegrityError(f"the archive is damaged: {error}", location=Location(str(place))) from error
    return folder


def _last_line(output: str | None) -> str:
    """Return the line of a log that most likely says what happened."""
    lines = [line.strip() for line in (output or "").splitlines() if line.strip()]
    telling = [line for line in lines if "rror" in line] or lines
    return f" ({telling[0]})" if telling else ""
