"""Everything that can go wrong, as one tree.

A library function raises one of these and never prints or exits; the command line renders it once
(``dray.cli.render``) and turns ``exit_code`` into the process's status. What a message says, in this order:
what happened, the rule that was broken, what was given instead. What to type next goes into ``hint``.

    raise ConfigError("tar has no option 'ouput'", got="ouput", choices=("level", "name"), location=here)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a file of the user's.

    Args:
        file: The path, absolute or relative to the project.
        line: The line, from 1; 0 where only the file is known.
    """

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


class DrayError(Exception):
    """The root of all errors that dray reports to a person.

    Args:
        what: What happened and the rule, one or two sentences without a full stop at the end.
        got: What was given, shown after ``got:``.
        choices: The valid choices; where ``got`` resembles one of them, a suggestion is made of it.
        location: Where the user wrote it.
        hint: What to type or change next.
        output: The last lines of a tool that failed.
    """

    exit_code = 1

    def __init__(
        self,
        what: str,
        *,
        got: str | None = None,
        choices: tuple[str, ...] = (),
        location: Location | None = None,
        hint: str | None = None,
        output: str | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.got = got
        self.choices = choices
        self.location = location
        self.hint = hint
        self.output = output

    def suggestion(self) -> str | None:
        """Return the choice that ``got`` was probably meant to be."""
        return None if self.got is None else find_similar(self.got, self.choices)


class StepError(DrayError):
    """A step could not do its work."""


class ToolError(DrayError):
    """A program that dray started failed, or is missing."""


class BuildInterruptedError(DrayError):
    """The user, or the system, asked dray to stop."""

    exit_code = 130


class UsageError(DrayError):
    """The command line asks for something that does not exist."""

    exit_code = 2


class ConfigError(DrayError):
    """``rel/config.py`` or a value of it is wrong."""

    exit_code = 2


class ProjectError(DrayError):
    """The project in this folder cannot be released as it is described."""

    exit_code = 2


class IntegrityError(DrayError):
    """A file is damaged: it is not what its format or its checksum says."""

    exit_code = 4


class RepositoryError(DrayError):
    """A repository of packages does not take what it was given, or the store that it is in failed."""

    exit_code = 4


class RemoteError(DrayError):
    """A host cannot be reached, refuses what it is asked, or failed to do it."""

    exit_code = 3


class PluginError(DrayError):
    """A plugin, or a step of it, failed in a way that it did not explain."""

    exit_code = 5


def comes_of_interruption(error: BaseException | None) -> bool:
    """Tell whether something made another error of an interruption, as Python 3.11 does while it makes a class."""
    seen: set[int] = set()  # causes can form a ring
    while error is not None and not isinstance(error, KeyboardInterrupt) and id(error) not in seen:
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return isinstance(error, KeyboardInterrupt)


def find_note(error: BaseException | None) -> str | None:
    """Return what was noted first at an error, or at what it came of."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        for note in getattr(error, "__notes__", ()):
            return str(note)
        error = error.__cause__ or error.__context__
    return None


def find_similar(got: str, choices: Iterable[str]) -> str | None:
    """Return the choice that a text was probably meant to be."""
    import difflib  # noqa: PLC0415 - only for a mistake

    choices = tuple(choices)
    twisted = [choice for choice in choices if sorted(choice) == sorted(got)]
    if twisted:  # two letters in the wrong order are one mistake, which difflib takes for two
        return twisted[0]
    close = difflib.get_close_matches(got, choices, n=1, cutoff=0.6)
    return close[0] if close else None
