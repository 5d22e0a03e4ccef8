"""Reads ``rel/config.py``: a Python file, run from top to bottom, that says settings and pipelines.

The file is run, not imported, and leaves no trace; the folder ``rel`` is importable meanwhile
(``dray.config.importable``).
"""

from __future__ import annotations

import contextlib
import re
import runpy
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dray.config.importable import importable
from dray.config.language import CURRENT, Reading
from dray.core.pipeline import Parallel, Pipeline, as_pipeline
from dray.core.settings import EMPTY, Settings
from dray.core.step import Step
from dray.errors import ConfigError, DrayError, Location, find_similar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CONFIG_FILE = "rel/config.py"


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a project's configuration says.

    Args:
        settings: The values of ``config(...)``.
        pipelines: The pipelines, by the name of their variable.
        file: The file; None where the project has none and everything is at its defaults.
    """

    settings: Settings = EMPTY
    pipelines: Mapping[str, Pipeline] = field(default_factory=dict)
    file: Path | None = None


@contextlib.contextmanager
def open_configuration(root: Path, env: str) -> Iterator[Configuration]:
    """Read a project's configuration; the project's own steps stay importable until the block ends.

    Args:
        root: The project's folder.
        env: The environment to read it for.

    Yields:
        The configuration, an empty one where there is no ``rel/config.py``.

    Raises:
        ConfigError: The file is wrong; the error names the user's line.
    """
    file = root / CONFIG_FILE
    if not file.is_file():
        yield Configuration()
        return
    with importable(root):
        yield _read(file, env)


def _read(file: Path, env: str) -> Configuration:
    pipelines: dict[str, Pipeline] = {}
    own: dict[str, Pipeline] = {}

    def read_file(path: Path) -> None:
        reading.folders.append(path.parent)
        try:
            names = _run(path)
        finally:
            reading.folders.pop()
        found = own if path == file else pipelines
        found.update(_pick_pipelines(names))

    reading = Reading(env, read_file)
    token = CURRENT.set(reading)
    try:
        read_file(file)
    finally:
        CURRENT.reset(token)
    return Configuration(reading.settings, {**pipelines, **own}, file)


def _run(path: Path) -> dict[str, Any]:
    try:
        return runpy.run_path(str(path))
    except DrayError:
        raise
    except SyntaxError as error:
        raise ConfigError(
            f"{path.name} is not Python: {error.msg}",
            location=Location(str(error.filename), error.lineno or 0),
            hint=_hint_for_syntax(error.text or ""),
        ) from error
    except (Exception, SystemExit) as error:
        raise ConfigError(
            f"{path.name} failed: {describe_exception(error)}",
            location=find_user_line(error, path.parent),
            hint=_hint_for(error),
        ) from error


def describe_exception(error: BaseException) -> str:
    """Return an exception as one line: its message, with its type where that says more."""
    text = str(error).strip()
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def find_user_line(error: BaseException, folder: Path) -> Location | None:
    """Return the innermost line of an exception that lies below a folder of the user's."""
    import traceback  # noqa: PLC0415 - only for a mistake

    frames = traceback.extract_tb(error.__traceback__)
    for frame in reversed(frames):
        if Path(frame.filename).is_relative_to(folder):
            return Location(frame.filename, frame.lineno or 0)
    return None


def _hint_for_syntax(line: str) -> str | None:
    """Return what to write instead of what would be right in Elixir."""
    if "|>" in line:
        return "steps are joined with |, not |>"
    if re.match(r"\s*config\s+:", line):
        return 'in Python: config("service", port=4000)'
    if re.search(r"\bdo\s*$", line):
        return "in Python a colon begins a block, and indentation holds it together"
    if re.search(r"[\[{,(]\s*\w+:\s", line):
        return "in Python a keyword argument is name=value, and a dictionary {'name': value}"
    return None


def _hint_for(error: BaseException) -> str | None:
    if isinstance(error, TypeError) and "required positional argument" in str(error) and "ctx" in str(error):
        return "a plain function stands in a pipeline without parentheses: | my_step |, or is decorated with @step"
    if isinstance(error, NameError) and error.name:
        return _hint_for_name(error.name)
    if isinstance(error, ImportError) and "dray.steps" in str(error):
        return "dray show steps lists the steps that are installed"
    if isinstance(error, ModuleNotFoundError) and error.name:
        package = error.name.partition(".")[0].replace("_", "-")
        return f"a plugin is installed where dray is: pipx inject dray {package}, or pip install {package}"
    return None


def _hint_for_name(name: str) -> str:
    from importlib.metadata import entry_points  # noqa: PLC0415 - only for a mistake

    from dray.config import __all__ as functions  # noqa: PLC0415

    steps = sorted({point.name for point in entry_points(group="dray.steps")})
    words = {"true": "True", "false": "False", "nil": "None"}
    if name in words:
        return f"in Python it is {words[name]}"
    if name in functions:
        return f"import it: from dray.config import {name}"
    similar = find_similar(name, steps)
    if similar:
        return f"import it: from dray.steps import {name}" if similar == name else f"did you mean {similar!r}?"
    return "every name is imported or defined before it is used; steps come from dray.steps"


def _pick_pipelines(names: Mapping[str, Any]) -> dict[str, Pipeline]:
    kinds = (Pipeline, Step, Parallel)
    return {
        name: as_pipeline(value)
        for name, value in names.items()
        if isinstance(value, kinds) and not name.startswith("_")
    }
