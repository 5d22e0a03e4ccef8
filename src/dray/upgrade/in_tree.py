"""Gives a release in a folder an upgrade from another one, as the step ``upgrade`` does in a pipeline."""

from __future__ import annotations

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
    from dray.core.context import Shell
    from dray.upgrade.generate import GeneratedUpgrade


def add_upgrade(shell: Shell, base: Path, tree: Path) -> GeneratedUpgrade:
    """Write the upgrade from a base into the folder of a release.

    Args:
        shell: Starts the BEAM.
        base: The folder or tar of the old version.
        tree: The folder of the new version, which is changed.

    Returns:
        What was generated.

    Raises:
        StepError: There can be none between these two.
    """
    new = read_build(tree)
    with tempfile.TemporaryDirectory(prefix="dray-upgrade-") as folder:
        generated = generate_upgrade(
            new,
            (read_build(base),),
            purge="soft",
            own_appups={},
            helpers=Helpers(Memory(Path(folder, "helpers")), ""),
            shell=shell,
            work=Path(folder),
        )
    _rename_in_tree(tree, Renaming(new.side.applications, generated.versions))
    for file in generated.files():
        path = tree / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(read_source(file.source))
    return generated


def _rename_in_tree(tree: Path, renaming: Renaming) -> None:
    paths = [path.relative_to(tree).as_posix() for path in sorted(tree.rglob("*")) if path.is_file()]
    changed = renaming.files(paths, lambda path: (tree / path).read_bytes()) if renaming.versions else {}
    for old, new in renaming.folders.items():
        (tree / "lib" / old).rename(tree / "lib" / new)
    for path, data in changed.items():
        (tree / path).write_bytes(data)
