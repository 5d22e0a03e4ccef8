"""Finds what a release is upgraded from: paths that the user gives, or the newest kept build of another version.

Kept are the archives and packages that the steps ``tar`` and ``deb`` have made.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from dray.assemble.stored_deb import read_title
from dray.core.upgrade import Input
from dray.errors import ConfigError, UsageError
from dray.upgrade.build import read_build

if TYPE_CHECKING:
    from pathlib import Path

    from dray.upgrade.build import Build

LAST = "last"


def list_archives(folder: Path, name: str, version: str) -> list[Path]:
    """Return the archives and packages of a release in a folder, the newest first.

    Args:
        folder: Where the steps ``tar`` and ``deb`` write.
        name: The release's name.
        version: The version whose own archive and package are left out.
    """
    found = (path for path in folder.glob(f"{name}-*") if path.name.endswith((".tar.gz", ".tgz")))
    own = {f"{name}-{version}.tar.gz", f"{name}-{version}.tgz"}
    others = [path for path in found if path.name not in own and path.is_file()]
    # The name of a package is not that of its release, and a project may name the file itself.
    titles = ((path, read_title(path)) for path in folder.glob("*.deb"))
    others += [path for path, title in titles if title and title[0] == name and title[1] != version]
    return sorted(others, key=lambda path: (-path.stat().st_mtime_ns, path.name))


def read_last(folder: Path, name: str, version: str) -> Build | None:
    """Return the newest kept build of another version of a release; None where there is none.

    Raises:
        IntegrityError: An archive or a package is damaged.
    """
    for path in list_archives(folder, name, version):
        with contextlib.suppress(UsageError):  # an archive of something else
            build = read_build(path)
            if build.side.name == name and build.version != version:
                return build
    return None


def resolve_path(root: Path, given: str) -> Path:
    """Return the path of a base that the user names, relative to the project.

    Raises:
        ConfigError: There is nothing at it.
    """
    path = root / given
    if not path.exists():
        raise ConfigError(
            f"upgrade: there is no release at {path}",
            hint='from_ is "last", a release\'s folder, archive or package, or a list of them',
        )
    return path


def list_inputs(folder: Path, name: str) -> tuple[Input, ...]:
    """Return what the choice of the last build depends on: the names in the folder, and the archives themselves."""
    archives = list_archives(folder, name, "")
    return (Input(folder, names_only=True), *map(Input, archives))
