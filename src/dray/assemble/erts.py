"""The runtime of a release: where it comes from, and its files.

Follows ``systools:make_tar/2`` of OTP in what it leaves out, and ``mix release`` in how ``erl`` finds its way in a
release that can be moved.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from dray.core.contents import Entry, File, normalise_mode
from dray.core.erts import Erts
from dray.errors import ProjectError

if TYPE_CHECKING:
    from pathlib import Path

    from dray.core.context import Templates
    from dray.core.project import Project, ReleaseDefinition

_LEFT_OUT = frozenset({"ct_run", "dialyzer", "erlc", "typer", "yielding_c_fun", "erl.ini", "erl.src"})
_LEFT_OUT_SUFFIXES = (".src", ".debug", ".pdb")
_FOLDER = re.compile(r"erts-(\d[\w.-]*)\Z")


def find_erts(project: Project, definition: ReleaseDefinition) -> Erts:
    """Return the runtime that the release is built for.

    Raises:
        ProjectError: ``include_erts:`` names a folder that holds none.
    """
    tools = project.toolchain
    wanted = definition.include_erts
    if isinstance(wanted, bool):
        return Erts(tools.erts_version, tools.otp_root, tools.otp_lib, included=wanted)
    folder = project.root / wanted
    found = _FOLDER.match(folder.name)
    if not found or not (folder / "bin").is_dir():
        raise ProjectError("include_erts names the folder erts-VERSION of an installed OTP", got=str(wanted))
    return Erts(found[1], folder.parent, folder.parent / "lib")


def list_erts_entries(erts: Erts, templates: Templates) -> list[Entry]:
    """Return the runtime's programs, without those that only build or check code.

    ``erl`` is one that finds its runtime from where it lies.

    Raises:
        ProjectError: The runtime has no programs.
    """
    folder = erts.source / "bin"
    try:
        found = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise ProjectError(f"the runtime cannot be read: {folder}: {error.strerror}") from None
    target = f"{erts.directory}/bin"
    entries: list[Entry] = [
        File(f"{target}/{item.name}", folder / item.name, normalise_mode(item.stat().st_mode))
        for item in found
        if item.is_file() and item.name not in _LEFT_OUT and not item.name.endswith(_LEFT_OUT_SUFFIXES)
    ]
    entries.append(File(f"{target}/erl", templates.render("erts/bin/erl").encode(), 0o755))
    if not any(item.name == "erl_call" for item in found):
        entries += _find_erl_call(erts, target)
    return entries


def _find_erl_call(erts: Erts, target: str) -> list[Entry]:
    """Return ``erl_call`` from where older installations keep it; the launcher asks the node through it."""
    for path in sorted(erts.lib.glob("erl_interface-*/bin/erl_call")):
        return [File(f"{target}/erl_call", path, 0o755)]
    return []


def find_kernel_boot(erts: Erts) -> Path:
    """Return the boot file that came with the runtime.

    Raises:
        ProjectError: It has none.
    """
    candidates = [erts.root / "bin" / "start_clean.boot", *sorted(erts.root.glob("releases/*/start_clean.boot"))]
    for path in candidates:
        if path.is_file():
            return path
    raise ProjectError(f"the runtime in {erts.root} has no start_clean.boot")
