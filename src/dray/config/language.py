"""The functions of ``rel/config.py``; outside of it they are errors that say what to do."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from dray.core.secret import Secret
from dray.core.settings import EMPTY, Settings
from dray.core.step import caller_location
from dray.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


class FileReader(Protocol):
    """Reads one more file of the configuration."""

    def __call__(self, path: Path) -> None:
        """Read the file into the reading that is under way."""


@dataclass(slots=True)
class Reading:
    """A configuration while it is read.

    Args:
        env: The environment it is read for.
        read_file: Reads an imported file.
        settings: What ``config(...)`` has said so far.
        folders: The folders of the files being read, the innermost last.
    """

    env: str
    read_file: FileReader
    settings: Settings = EMPTY
    folders: list[Path] = field(default_factory=list)


CURRENT: ContextVar[Reading | None] = ContextVar("dray_reading", default=None)


def config(section: str, part: str = "", /, **values: Any) -> None:
    """Set values of a step, of a release, or of a named part of one.

    Dicts are merged key by key with what was set before; of anything else the later value wins.

    Args:
        section: The name of a step or of a release.
        part: The name of a part, for sections that have several.
        values: The values.

    Raises:
        ConfigError: Called outside of ``rel/config.py``.
    """
    reading = _current("config")
    reading.settings = reading.settings.merge(section, part, values, caller_location())


def config_env() -> str:
    """Return the environment that the configuration is read for: ``prod``, ``--env`` or ``MIX_ENV``.

    Raises:
        ConfigError: Called outside of ``rel/config.py``.
    """
    return _current("config_env").env


def import_config(path: str) -> None:
    """Read another configuration file in this place; what it sets wins over what was set before.

    Args:
        path: Relative to the file that imports it.

    Raises:
        ConfigError: The file does not exist, or the call stands outside of ``rel/config.py``.
    """
    reading = _current("import_config")
    target = reading.folders[-1] / path
    if not target.is_file():
        there = tuple(sorted(file.name for file in target.parent.glob("*.py")))
        raise ConfigError(
            f"import_config: there is no file {target}", got=target.name, choices=there, location=caller_location()
        )
    reading.read_file(target)


def env(name: str, default: str | None = None) -> Secret:
    """Return the value of an environment variable, read when a step uses it, and never shown.

    Args:
        name: The variable.
        default: What to use where it is not set; without a default that is an error.
    """
    return Secret("env", name, default, caller_location())


def secret(source: str) -> Secret:
    """Return a secret that is kept in a file, read when a step uses it, and never shown.

    Args:
        source: ``file:`` and a path, ``~`` allowed.

    Raises:
        ConfigError: The source is of another kind.
    """
    kind, _, name = source.partition(":")
    if kind != "file" or not name:
        raise ConfigError(
            "a secret is kept in a file", got=source, location=caller_location(), hint='secret("file:~/.config/x")'
        )
    return Secret("file", name, None, caller_location())


def _current(function: str) -> Reading:
    reading = CURRENT.get()
    if reading is None:
        raise ConfigError(
            f"{function}() works while rel/config.py is read, and it is not now",
            location=caller_location(),
            hint="call it at the top level of rel/config.py, or of a file that this imports",
        )
    return reading
