"""Puts an upgrade into a release that lies in a folder, as the step ``upgrade`` does in a pipeline.

    add_upgrade(shell, base, tree)

The folder is changed where it is: give a copy. Its ``manifest.json`` stays that of the build.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from dray.assemble.content import read_source
from dray.memory import Memory
from dray.upgrade.build import read_build
from dray.upgrade.generate import generate_upgrade
from dray.upgrade.helpers import Helpers
from dray.upgrade.rename import Renaming

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dray.core.context import Shell
    from dray.upgrade.build import Build
    from dray.upgrade.generate import GeneratedUpgrade


def add_upgrade(shell: Shell, base: Path, tree: Path) -> None:
    """Generate the upgrade from a base, and write it into the folder of a release.

    Args:
        shell: Starts the BEAM.
        base: The folder or tar of the old version.
        tree: The folder of the new version.

    Raises:
        StepError: There can be none between these two.
    """
    build = read_build(tree)
    with tempfile.TemporaryDirectory(prefix="dray-upgrade-") as folder:
        generated = generate_upgrade(
            build,
            (read_build(base),),
            purge="soft",
            own_appups={},
            helpers=Helpers(Memory(Path(folder, "helpers")), ""),
            shell=shell,
            work=Path(folder),
        )
    write_upgrade(generated, build, tree)


def write_upgrade(generated: GeneratedUpgrade, build: Build, tree: Path) -> None:
    """Give applications of a release their new versions, and add the files of its upgrades.

    Args:
        generated: The upgrades.
        build: The release, as it was read from the folder.
        tree: The folder.

    Raises:
        OSError: It cannot be written.
    """
    renaming = Renaming(build.side.applications, generated.versions)
    if generated.versions:
        changed = renaming.files(build.side.files, lambda path: (tree / path).read_bytes())
        for old, new in renaming.folders.items():
            (tree / "lib" / old).rename(tree / "lib" / new)
        for link in _list_links(tree):
            target = str(link.readlink())
            if renaming.path(target) != target:
                link.unlink()
                link.symlink_to(renaming.path(target))
        for path, data in changed.items():
            (tree / path).write_bytes(data)
    for file in generated.files():
        (tree / file.path).parent.mkdir(parents=True, exist_ok=True)
        (tree / file.path).write_bytes(read_source(file.source))


def _list_links(tree: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(tree):
        paths = (Path(folder, name) for name in (*folders, *names))
        yield from (path for path in paths if path.is_symlink())
