"""A first look at a project, before most of dray is loaded: is it clear already that a build needs a BEAM?

Then one is started here, and waits (``dray.ahead``): it needs a third of a second until it can do anything, and dray
needs about half of that until it knows what to ask. The look says yes only where ``read_project`` is going to find
the same change, so that no BEAM is started for a build without changes. Where it says no, nothing is known.
"""

from __future__ import annotations

import json
import os

from dray._version import __version__
from dray.ahead import GATE, NEVER_TOLD, Ahead, start_ahead
from dray.project.program import EVALUATE, FACTS, script_variables, work_folder

TYPE_CHECKING = False  # as typing has it, which takes 3 ms to load
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

_COMMANDS = frozenset({"build", "run", "deploy"})
_RUNS_NOTHING = frozenset({"-h", "--help", "--dry-run"})
_WAIT = (
    f'gate = System.fetch_env!("{GATE}"); System.delete_env("{GATE}"); '
    f'if File.read(gate) != {{:ok, "go"}}, do: System.halt({NEVER_TOLD})'
)


def start_if_needed(arguments: Sequence[str], environ: Mapping[str, str]) -> Ahead | None:
    """Start the BEAM that compiles the project of the current folder, where that is sure to come.

    Args:
        arguments: Those of dray.
        environ: The environment variables.

    Returns:
        The waiting BEAM; None where it cannot be told yet whether there is need of one.
    """
    if not arguments or arguments[0] not in _COMMANDS or not _RUNS_NOTHING.isdisjoint(arguments):
        return None
    root = os.getcwd()
    env = _find_env(arguments) or environ.get("MIX_ENV") or "prod"
    work = work_folder(root, env, environ)
    if not os.path.isfile(f"{root}/mix.exs") or not all(is_outdated(index, root) for index in _list_facts(work)):
        return None
    call = (EVALUATE, root, {**environ, **script_variables(FACTS, work, env)})
    return start_ahead(call, waiting=("elixir", "-e", _WAIT, *EVALUATE[1:]))


def _find_env(arguments: Sequence[str]) -> str | None:
    """Return the value of ``--env``; a BEAM that is started for another one than dray finds is not taken."""
    for number, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name == "--env":
            return value if equals else next(iter(arguments[number + 1 :]), None)
    return None


def _list_facts(work: str) -> list[str]:
    try:
        names = os.listdir(work)
    except OSError:
        return []
    return [f"{work}/{name}" for name in names if name.startswith("facts-") and name.endswith(".json")]


def is_outdated(index: str, root: str) -> bool:
    """Tell whether one of the files is not as it was that the facts of an earlier build were made of.

    Args:
        index: What ``dray.project.read`` keeps beside those facts.
        root: The project.
    """
    try:
        with open(index, "rb") as file:
            kept: Any = json.load(file)
        _, files = kept["sources"]
        return kept["for"] != [__version__, root] or any(_has_changed(path, state) for path, state in files.items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return True


def _has_changed(path: str, state: list[Any]) -> bool:
    try:
        found = os.lstat(path)
    except OSError:
        return True
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino] != state[:4]
