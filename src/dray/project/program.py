"""How Elixir is started on one of dray's scripts, and where the two talk to each other.

Apart from ``dray.project.elixir``, which does so, since a first look (``dray.project.first_look``) must load little.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # as typing has it, which takes 3 ms to load
if TYPE_CHECKING:
    from collections.abc import Mapping

SCRIPTS = f"{os.path.dirname(__file__)}/beam"
REQUEST, REPLY = "request.etf", "reply.etf"
FACTS = "facts.exs"
EVALUATE = ("elixir", "-e", 'Code.eval_file(System.fetch_env!("DRAY_SCRIPT"))')


def script_variables(script: str, work: str, env: str) -> dict[str, str]:
    """Return the variables that a script is run with.

    Args:
        script: Its name in ``beam/``.
        work: dray's work folder, where request and reply lie.
        env: The environment to build for.
    """
    return {
        "MIX_ENV": env,
        "DRAY_SCRIPT": f"{SCRIPTS}/{script}",
        "DRAY_REQUEST": f"{work}/{REQUEST}",
        "DRAY_REPLY": f"{work}/{REPLY}",
    }


def work_folder(root: str, env: str, environ: Mapping[str, str]) -> str:
    """Return the folder in which dray keeps what it remembers between builds.

    It lies in Mix's build folder, which ``MIX_BUILD_PATH``, ``MIX_BUILD_ROOT`` and ``MIX_TARGET`` can move.

    Args:
        root: The project.
        env: The environment.
        environ: The environment variables.
    """
    path = environ.get("MIX_BUILD_PATH")
    if path:
        return os.path.join(root, path, ".dray")
    target = environ.get("MIX_TARGET", "host")
    name = env if target == "host" else f"{target}_{env}"
    return os.path.join(root, environ.get("MIX_BUILD_ROOT", "_build"), name, ".dray")
