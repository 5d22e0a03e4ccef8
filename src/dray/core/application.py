"""An OTP application: what its ``.app`` file says, and the part it plays in a release.

Not the reader of ``.app`` files: that is ``dray.beam.app_file``. The keys follow app(4) of OTP.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from dray.core.term import INFINITY, UNDEFINED

if TYPE_CHECKING:
    from pathlib import Path

    from dray.core.term import Atom, Term


class Mode(StrEnum):
    """How a release starts an application; the first three start it, the others do not.

    ``included`` is never written by a user: it is what an application gets that another one includes.
    """

    PERMANENT = "permanent"
    TRANSIENT = "transient"
    TEMPORARY = "temporary"
    LOAD = "load"
    NONE = "none"
    INCLUDED = "included"

    @property
    def starts(self) -> bool:
        """Whether the application is started when the release boots."""
        return self in {Mode.PERMANENT, Mode.TRANSIENT, Mode.TEMPORARY}


PARTS_OF_OTP = frozenset(
    {
        *("asn1", "crypto", "debugger", "dialyzer", "diameter", "edoc", "eldap", "et", "eunit", "ftp", "inets"),
        *("megaco", "mnesia", "observer", "odbc", "os_mon", "parsetools", "public_key", "reltool"),
        *("runtime_tools", "snmp", "ssh", "ssl", "syntax_tools", "tftp", "tools", "wx", "xmerl"),
    }
)
"""Applications that come with OTP, and that some distributions package one by one."""

USER_MODES = tuple(mode.value for mode in Mode if mode is not Mode.INCLUDED)


@dataclass(frozen=True, slots=True)
class AppSpec:
    """What an ``.app`` file says, with OTP's defaults for what it leaves out."""

    name: str
    version: str
    description: str = ""
    id: str = ""
    modules: tuple[Atom, ...] = ()
    registered: tuple[Atom, ...] = ()
    applications: tuple[Atom, ...] = ()
    optional_applications: tuple[Atom, ...] = ()
    included_applications: tuple[Atom, ...] = ()
    mod: Term = field(default_factory=list)
    env: Term = field(default_factory=list)
    start_phases: Term = UNDEFINED
    max_time: Term = INFINITY
    max_processes: Term = INFINITY
    compile_env: Term = field(default_factory=list)


class AppOrigin(StrEnum):
    """Who an application comes from, which decides where its files are and who answers for them."""

    OTP = "otp"
    ELIXIR = "elixir"
    DEPENDENCY = "dependency"
    PROJECT = "project"


@dataclass(frozen=True, slots=True)
class Application:
    """An application of a release.

    Args:
        spec: What its ``.app`` file says.
        mode: How the release starts it.
        path: The folder that holds its ``ebin``.
        origin: Who it comes from.
    """

    spec: AppSpec
    mode: Mode
    path: Path
    origin: AppOrigin

    @property
    def name(self) -> str:
        """The application's name."""
        return self.spec.name

    @property
    def version(self) -> str:
        """The application's version."""
        return self.spec.version

    @property
    def directory(self) -> str:
        """Its folder in a release, OTP's ``lib/NAME-VERSION``."""
        return f"lib/{self.spec.name}-{self.spec.version}"
