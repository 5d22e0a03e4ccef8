"""Assembling: from a release that is named and has its applications to one that is whole.

release = assemble_release(release, ctx)    # the manifest, complete; nothing is written yet
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dray.assemble.applications import choose_stripping, list_application_entries, list_folder
from dray.assemble.boot_scripts import build_boot_entries
from dray.assemble.erts import find_kernel_boot, list_erts_entries
from dray.assemble.facts import facts_of
from dray.assemble.hooks import add_project_hooks
from dray.assemble.host import list_host_entries
from dray.assemble.launcher import list_launcher_entries
from dray.assemble.native import check_native
from dray.assemble.overlays import list_overlay_entries
from dray.assemble.sys_config import DEPRECATED_RUNTIME_CONFIG, SysConfig, build_sys_config
from dray.assemble.vm_args import list_environment_entries
from dray.core.contents import Entry, File
from dray.errors import ProjectError
from dray.memory import Memory

if TYPE_CHECKING:
    from pathlib import Path

    from dray.core.context import Context
    from dray.core.project import Project, ReleaseDefinition
    from dray.core.release import Release


def tree_path(release: Release) -> Path:
    """Return where the release stands on disk: ``_build/ENV/rel/NAME``, or what ``path:`` says."""
    project, definition = facts_of(release)
    if definition.path is not None:
        return project.root / definition.path
    return project.build_path / "rel" / release.name


def assemble_release(release: Release, ctx: Context) -> Release:
    """Return the release with everything that ``mix release`` would put into it, and dray's own additions.

    Entries that earlier steps have added stay, and win over those of the same path.

    Args:
        release: Named, its applications resolved.
        ctx: The outside world.

    Raises:
        ProjectError: The release cannot be assembled as it is described.
    """
    project, definition = facts_of(release)
    erts = release.erts
    if erts is None:
        raise ProjectError("a release is assembled for a runtime")
    strip = choose_stripping(definition.strip, project.toolchain)
    runtime_config = find_runtime_config(project, definition, ctx)
    sys_config = _read_sys_config(release, definition, runtime_config)
    entries: list[Entry] = [
        *(list_erts_entries(erts, ctx.templates) if erts.included else ()),
        *list_application_entries(release.applications, erts, strip),
        *build_boot_entries(
            release,
            erts,
            find_kernel_boot(erts).read_bytes(),
            Memory(ctx.work / "boot"),
            config_providers=sys_config.has_providers,
        ),
        File(f"{release.version_path}/sys.config", sys_config.text),
        *list_environment_entries(release, ctx),
        *list_host_entries(release, ctx, sys_config.text),
        *list_launcher_entries(release, erts, ctx.templates, reboots=sys_config.reboots),
    ]
    if project.consolidated is not None:
        entries += list_folder(project.consolidated, f"{release.version_path}/consolidated", strip)
    if runtime_config is not None:
        entries.append(File(f"{release.version_path}/runtime.exs", runtime_config))
    entries += list_overlay_entries(project.root, definition)
    for item in check_native(release, entries, erts):
        ctx.console.result(f"native code in {item.application}: {item.platform or 'not ELF'}")
    whole = replace(release, contents=()).add(*entries, *release.contents)
    whole = add_project_hooks(whole, project.root, ctx.settings)
    return replace(whole, tree=tree_path(release))


def find_runtime_config(project: Project, definition: ReleaseDefinition, ctx: Context) -> Path | None:
    """Return the file that configures the release when it boots, as ``mix release`` looks for it.

    Raises:
        ProjectError: ``runtime_config_path:`` names a file that does not exist.
    """
    named = definition.runtime_config_path
    if named is False or project.kind != "mix":
        return None
    if isinstance(named, str):
        path = project.root / named
        if not path.is_file():
            raise ProjectError("runtime_config_path names a file that does not exist", got=named)
        return path
    folder = (project.root / project.config_path).parent
    runtime, deprecated = folder / "runtime.exs", folder / DEPRECATED_RUNTIME_CONFIG
    if runtime.is_file():
        if deprecated.is_file():
            ctx.console.warn(f"{deprecated} is not used: {runtime.name} is, and it comes first")
        return runtime
    if deprecated.is_file():
        ctx.console.warn(f"{deprecated} is deprecated; rename it to {runtime.name}")
        return deprecated
    return None


def _read_sys_config(release: Release, definition: ReleaseDefinition, runtime_config: Path | None) -> SysConfig:
    if definition.sys_config is not None:
        return SysConfig(definition.sys_config.read_bytes(), has_providers=False, reboots=False)
    return build_sys_config(release, runtime_config)
