"""Takes compiled code away that Mix or rebar3 would trust and should not.

Both compare modification times in whole seconds, and neither looks at the modules that they made. dray's snapshots
see more: a source that was edited in the second in which it was compiled, and a module that is not what the last
build made. Where there is no snapshot to compare with, as in a copy of a project, the second alone has to do. The
application is then compiled from the beginning.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from dray.beam.module import read_chunks
from dray.errors import IntegrityError
from dray.project.git import is_git_file
from dray.project.snapshot import differences

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dray.core.project import Project
    from dray.project.snapshot import Snapshot, State

_SECOND = 1_000_000_000
_PROJECT_FILES = ("mix.exs", "rebar.config")
_MADE = ("ebin/*.beam", ".mix/compile.*")
"""What compilers compare the times of sources with."""
_COMPILED = ("ebin", "consolidated", ".mix")


def discard_code(project: Project, names: tuple[str, ...]) -> None:
    """Remove what was compiled of some applications, and what their compiler remembers of it."""
    _discard_applications(project.build_path, names)
    if names and project.consolidated is not None:
        shutil.rmtree(project.consolidated, ignore_errors=True)
        (project.consolidated.parent / ".mix" / "compile.protocols").unlink(missing_ok=True)


def discard_young(build: Path, sources: Snapshot, *, packages: Path) -> None:
    """Remove what was compiled in the second in which a source was written: nobody can tell which came first.

    Args:
        build: The build folder.
        sources: The sources as they are.
        packages: The folder of the packages, which are compiled once and are not looked at again.
    """
    seconds = {state[1] // _SECOND for path, state in sources.files.items() if not is_git_file(path)}
    made = [path for pattern in _MADE for path in build.glob(f"lib/*/{pattern}")]
    young = {path.parts[-3] for path in made if path.stat().st_mtime_ns // _SECOND in seconds}
    _discard_applications(build, [name for name in young if not (packages / name).is_dir()])


def _discard_applications(build: Path, names: Iterable[str]) -> None:
    for name in names:
        for part in _COMPILED:
            shutil.rmtree(build / "lib" / name / part, ignore_errors=True)


def discard_versions(project: Project) -> None:
    """Remove the ``.app`` files of the project's own applications: they are made again, with today's versions.

    A ``mix.exs`` may ask git for the version, and Mix does not look at git.
    """
    for member in project.members:
        (project.build_path / "lib" / member.name / "ebin" / f"{member.name}.app").unlink(missing_ok=True)


def find_altered(project: Project, results: Iterable[str]) -> tuple[str, ...]:
    """Return the applications whose code is not what the last build made.

    Args:
        project: The facts of the last build.
        results: The files in the build folder that have changed since, although no source has.
    """
    lib = project.build_path / "lib"
    altered = [Path(path).relative_to(lib) for path in results if Path(path).is_relative_to(lib)]
    code = {path.parts[0] for path in altered if path.suffix in {".beam", ".app"} and path.parts[1:2] != ("priv",)}
    if project.consolidated is not None and any(path.startswith(f"{project.consolidated}/") for path in results):
        code |= {member.name for member in project.members}
    return tuple(sorted(code))


def find_damaged(before: Snapshot, now: Snapshot) -> tuple[str, ...]:
    """Return the modules that the last build made and that are gone, or no modules any more."""
    return tuple(path for path in differences(before, now) if path in before.files and _is_damaged(path))


def _is_damaged(path: str) -> bool:
    if not path.endswith(".beam"):
        return False
    try:
        return not any(True for _ in read_chunks(Path(path).read_bytes()))
    except (OSError, IntegrityError):
        return True


def find_unseen(project: Project, before: Snapshot, now: Snapshot, *, compiled: int) -> tuple[str, ...]:
    """Return the applications with a source whose change their compiler cannot see.

    Args:
        project: The facts of the last build.
        before: The sources as they were compiled.
        now: The sources.
        compiled: When the last build had compiled them, in nanoseconds since 1970.
    """
    changed = [path for path in differences(before, now) if not is_git_file(path)]
    pairs = {path: (before.files.get(path), now.files.get(path)) for path in changed}
    # Where mix.exs itself looks the same and is another file, the whole project has been copied, as a cache is.
    copied = any(_is_copy(*pairs[path]) for name in _PROJECT_FILES if (path := f"{project.root}/{name}") in pairs)
    unseen = [
        Path(path)
        for path, (old, new) in pairs.items()
        if _looks_the_same(old, new, compiled) and not (copied and _is_copy(old, new))
    ]
    folders = [(member.path, member.name) for member in project.members]
    folders += [(item.path, item.name) for item in project.dependencies]
    names: set[str] = set()
    for source in unseen:
        owners = [(len(folder.parts), name) for folder, name in folders if source.is_relative_to(folder)]
        names |= {max(owners)[1]} if owners else {member.name for member in project.members}
    return tuple(sorted(names))


def _looks_the_same(old: State | None, new: State | None, compiled: int) -> bool:
    """Tell whether size and time, in seconds, say of another file that it has not changed; or that it was moved."""
    if new is None or new[1] // _SECOND > compiled // _SECOND:
        return False
    return old is None or old[0] == new[0]


def _is_copy(old: State | None, new: State | None) -> bool:
    return old is not None and new is not None and old[:2] == new[:2]
