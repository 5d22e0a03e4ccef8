"""The launcher: ``bin/NAME``, the commands behind it, and Elixir's own scripts made to run inside a release."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.assemble.hooks import list_shell_files
from dray.core.contents import Entry, File
from dray.errors import ProjectError

if TYPE_CHECKING:
    from pathlib import Path

    from dray.core.context import Templates
    from dray.core.erts import Erts
    from dray.core.release import Release

_SHARED = (
    *("restart", "stop", "pid", "ping", "ready", "status", "version", "vm_args", "epmd"),
    *("upgrade", "downgrade", "versions", "remove"),
)
INTERNAL = ("switch_version", "run_hooks")
"""What the launcher does for itself: commands that no list names."""
_UPGRADE_FILES = ("versions.sh", "change.sh", "hot.sh", "restart.sh", "versions.escript")
_ELIXIR = ("start", "start_iex", "daemon", "daemon_iex", "eval", "rpc", "remote")
_ERLANG = ("start", "console", "daemon", "eval", "rpc", "remote")

_DESCRIPTION = re.compile(r"^# (\S.*?): (.+)$", re.MULTILINE)
_LIBRARY_FLAGS = re.compile(r' (?:-elixir_root "\$SCRIPT_PATH"/\.\./lib )?-pa "\$SCRIPT_PATH"/\.\./lib/\S+')
_RUNTIME_FOLDER = 'ERTS_BIN="$ERTS_BIN"'


@dataclass(frozen=True, slots=True)
class Command:
    """A command of the launcher: how it is typed and what it does."""

    usage: str
    summary: str


OWN_COMMANDS = "rel/commands"
HELP = Command("help", "Lists the commands")


def list_launcher_entries(release: Release, erts: Erts, templates: Templates, *, reboots: bool) -> list[Entry]:
    """Return the launcher of a release.

    Args:
        release: Its name and version, and the facts of its project.
        erts: The runtime, which the launcher starts.
        templates: Renders the scripts.
        reboots: Whether the release boots a second time once it is configured.

    Raises:
        ProjectError: Elixir's own scripts are of a kind that dray does not know.
    """
    tools = release.project.toolchain if release.project else None
    language = "elixir" if tools and tools.elixir_version else "erlang"
    values = {
        "name": release.name,
        "version": release.version,
        "language": language,
        "erts_version": erts.version if erts.included else None,
        "mode_flag": "-elixir config_provider_reboot_mode" if reboots else "-mode",
    }
    folder = release.version_path
    main = templates.render(f"releases/VSN/launcher.{language}", **values)
    entries: list[Entry] = [
        File(f"bin/{release.name}", templates.render("bin/NAME", **values).encode(), 0o755),
        File(f"{folder}/launcher", main.encode()),
        *(
            File(f"{folder}/{name}", templates.render(f"releases/VSN/{name}", **values).encode())
            for name in ("hooks.sh", *(f"upgrade/{name}" for name in _UPGRADE_FILES))
        ),
        *_list_commands(folder, language, templates, values, _read_own_commands(release)),
    ]
    if tools and tools.elixir_bin:
        entries += _list_elixir_scripts(folder, tools.elixir_bin, erts)
    return entries


def _read_own_commands(release: Release) -> dict[str, str]:
    """Return the commands of the project's ``rel/commands/NAME.sh``, name and text.

    Raises:
        ProjectError: One has the name of a command that every release has.
        ConfigError: A file is not named like a command.
    """
    folder = release.project.root / OWN_COMMANDS if release.project else None
    if folder is None or not folder.is_dir():
        return {}
    files = list_shell_files(folder, release.project.root if release.project else folder)
    found = {path.stem: path.read_text(encoding="utf-8") for path in files}
    taken = sorted(found.keys() & {*_SHARED, *INTERNAL, *_ELIXIR, *_ERLANG, "help"})
    if taken:
        raise ProjectError(
            f"{OWN_COMMANDS}/{taken[0]}.sh has the name of a command that every release has",
            hint=f"rename it, or change the built-in one: rel/templates/releases/VSN/commands/{taken[0]}.sh",
        )
    return found


def _list_commands(
    folder: str, language: str, templates: Templates, values: dict[str, str | None], own: dict[str, str]
) -> list[Entry]:
    languages = _ELIXIR if language == "elixir" else _ERLANG
    names = [f"{language}/{name}" for name in languages] + list(_SHARED)
    scripts = {name: templates.render(f"releases/VSN/commands/{name}.sh", **values) for name in names}
    commands = (
        *(read_command(script) for script in scripts.values()),
        *(_describe_own(name, text) for name, text in own.items()),
        HELP,
    )
    scripts |= own
    scripts |= {name: templates.render(f"releases/VSN/commands/{name}.sh", **values) for name in INTERNAL}
    scripts["help"] = templates.render("releases/VSN/commands/help.sh", **values, commands=commands)
    return [
        File(f"{folder}/commands/{name.rpartition('/')[2]}.sh", script.encode()) for name, script in scripts.items()
    ]


def _describe_own(name: str, text: str) -> Command:
    found = _DESCRIPTION.search(text)
    return Command(found[1], found[2]) if found else Command(name, f"{OWN_COMMANDS}/{name}.sh")


def read_command(script: str) -> Command:
    """Return what a command's script says of itself in its first lines: ``# eval "EXPR": Executes ...``."""
    found = _DESCRIPTION.search(script)
    if found is None:
        raise ProjectError("a command of the launcher says in a comment '# NAME: what it does'")
    return Command(found[1], found[2])


def _list_elixir_scripts(folder: str, elixir_bin: Path, erts: Erts) -> list[Entry]:
    """Return ``elixir`` and ``iex`` for use inside a release, where they find the release's own runtime."""
    elixir = (elixir_bin / "elixir").read_text(encoding="utf-8")
    adapted, changes = _LIBRARY_FLAGS.subn("", elixir, count=1)
    if changes != 1 or _RUNTIME_FOLDER not in elixir:
        raise ProjectError(f"{elixir_bin / 'elixir'} is not a launcher of Elixir's that dray knows")
    if erts.included:
        bin_folder = f'ERTS_BIN="$SCRIPT_PATH"/../../{erts.directory}/bin/'
        adapted = adapted.replace(_RUNTIME_FOLDER, bin_folder)
    iex = (elixir_bin / "iex").read_bytes()
    return [File(f"{folder}/elixir", adapted.encode(), 0o755), File(f"{folder}/iex", iex, 0o755)]
