"""Where the things are that a build depends on: the project, what is compiled in from elsewhere, and the tools."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dray.project.git import list_reference_files
from dray.project.program import SCRIPTS
from dray.project.snapshot import IGNORED_FOLDERS

if TYPE_CHECKING:
    from dray.core.context import Context
    from dray.core.project import Project

_TOOLS = ("elixir", "erl", "rebar3")
_VERSION_FILES = (".tool-versions", "mise.toml", ".mise.toml", ".config/mise/config.toml", "mise/config.toml")


def list_tools(ctx: Context) -> list[Path]:
    """Return the programs that ``PATH`` leads to, links followed."""
    found = [ctx.shell.which(tool) for tool in _TOOLS]
    return [path.resolve() for path in found if path]


def list_common_files(ctx: Context) -> list[Path]:
    """Return single files that count for every project: tools, git's references, dray's own scripts."""
    home = Path(ctx.environ.get("HOME", "/"))
    return [
        *Path(SCRIPTS).iterdir(),
        *list_reference_files(ctx.root),
        *list_version_files(ctx.root, home),
        *list_tools(ctx),
    ]


def list_version_files(root: Path, home: Path) -> tuple[Path, ...]:
    """Return the files by which asdf and mise choose which Elixir and OTP the programs in ``PATH`` start."""
    folders = (root, *root.parents, home)
    return tuple(folder / name for folder in folders for name in _VERSION_FILES)


def is_seen(place: Path, root: Path) -> bool:
    """Tell whether a snapshot of a folder sees a place in it."""
    return place.is_relative_to(root) and IGNORED_FOLDERS.isdisjoint(place.relative_to(root).parts)


def list_source_places(ctx: Context, project: Project, outside: tuple[Path, ...]) -> tuple[list[Path], list[Path]]:
    """Return the folders and the single files of which a project is compiled, besides its own folder.

    Args:
        ctx: The outside world.
        project: The facts.
        outside: What ``list_outside`` found.
    """
    dependencies = [item.path for item in project.dependencies if not is_seen(item.path, ctx.root)]
    config = [path for path in project.config_files if not path.is_relative_to(ctx.root)]
    return [*outside, *dependencies], [*outside, *config, *_list_toolchain(project)]


def list_result_folders(project: Project) -> list[Path]:
    """Return the folders of what was compiled."""
    lib = project.build_path / "lib"
    consolidated = project.consolidated
    return [lib] if consolidated is None or consolidated.is_relative_to(lib) else [lib, consolidated]


def _list_toolchain(project: Project) -> list[Path]:
    tools = project.toolchain
    files = [
        tools.otp_root / "releases" / tools.otp_release / "OTP_VERSION",
        tools.otp_root / f"erts-{tools.erts_version}" / "bin" / "beam.smp",
    ]
    if tools.elixir_bin is not None:
        files.append(tools.elixir_bin.parent / "lib" / "elixir" / "ebin" / "elixir.app")
    return files
