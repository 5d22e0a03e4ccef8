"""A build of a release as an upgrade needs it: what it shows of itself, and what the files in its ``ebin`` say.

A build comes from a tree, a tar or a package, or from the release of a running pipeline (``dray.upgrade.assembled``).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from dray.beam.app_file import parse_app
from dray.beam.module_facts import parse_module
from dray.core.application import PARTS_OF_OTP, AppOrigin, Mode
from dray.errors import IntegrityError, UsageError
from dray.upgrade.content import iterate_contents
from dray.upgrade.side import build_side

if TYPE_CHECKING:
    from pathlib import Path

    from dray.beam.module_facts import ModuleFacts
    from dray.beam.relfile import RelFile
    from dray.core.application import AppSpec
    from dray.upgrade.content import Content
    from dray.upgrade.side import Side

_MODULE = re.compile(r"ebin/([^/]+)\.beam\Z")
_OF_THE_RUNTIME = frozenset({AppOrigin.OTP.value, AppOrigin.ELIXIR.value})
_ALWAYS_OF_OTP = frozenset({"kernel", "stdlib", "sasl", "compiler", "erl_interface"})
_ALWAYS_OF_ELIXIR = frozenset({"elixir", "eex", "ex_unit", "iex", "logger", "mix"})


@dataclass(frozen=True)
class Build:
    """A release whose files can be read.

    Args:
        side: What it shows of itself.
    """

    side: Side

    @property
    def version(self) -> str:
        """The release's version."""
        return self.side.version

    @property
    def identity(self) -> str:
        """What stands for all that it consists of: a checksum of its files' checksums."""
        lines = (f"{path} {content.sha256}" for path, content in sorted(self.side.files.items()))
        return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()

    @property
    def rel(self) -> RelFile:
        """What its ``.rel`` file says."""
        if self.side.rel is None:
            raise UsageError(
                f"{self.side.source} is only the manifest of a release",
                hint="give the release's folder, its tar or its package",
            )
        return self.side.rel

    def folder(self, application: str) -> str:
        """Return the folder of an application, ``lib/NAME-VERSION``."""
        return f"lib/{application}-{self.side.applications[application]}"

    def app_path(self, application: str) -> str:
        """Return the path of an application's ``.app`` file."""
        return f"{self.folder(application)}/ebin/{application}.app"

    def appup_path(self, application: str) -> str:
        """Return the path of an application's ``.appup`` file."""
        return f"{self.folder(application)}/ebin/{application}.appup"

    def order_applications(self) -> tuple[str, ...]:
        """Return the names of the applications in the order in which they start."""
        from dray.beam.boot_order import BootApplication, order_applications  # noqa: PLC0415 - a comparison does not ask

        booted = tuple(BootApplication(self.read_spec(app.name), Mode(app.mode), "") for app in self.rel.applications)
        return tuple(app.spec.name for app in order_applications(booted))

    @cached_property
    def modules(self) -> dict[str, tuple[str, Content]]:
        """The application and the content of every module."""
        return {
            parts[1]: (name, content)
            for name in self.side.applications
            for path, content in self.side.list_application(name).items()
            if (parts := _MODULE.match(path))
        }

    def carries(self, application: str) -> bool:
        """Tell whether an application's files are in it; those of OTP may be the host's."""
        return application in self.side.applications and self.app_path(application) in self.side.files

    def find(self, path: str) -> Content:
        """Return a file that every whole release has.

        Raises:
            IntegrityError: This one has not.
        """
        content = self.side.files.get(path)
        if content is None:
            raise IntegrityError(f"{self.side.source} has no {path}, so it is not whole", hint="build it again")
        return content

    def read_spec(self, application: str) -> AppSpec:
        """Return what the ``.app`` file of an application says.

        Raises:
            IntegrityError: It is missing or damaged.
        """
        path = self.app_path(application)
        return parse_app(self.find(path).read(), file=f"{self.side.source}:{path}")

    def read_module(self, application: str, module: str) -> ModuleFacts:
        """Return what a module of an application says of itself.

        Raises:
            IntegrityError: It is missing or damaged.
        """
        path = f"{self.folder(application)}/ebin/{module}.beam"
        return parse_module(self.find(path).read(), file=f"{self.side.source}:{path}")

    def is_of_runtime(self, application: str) -> bool:
        """Tell whether an application comes with Erlang/OTP or Elixir; where no manifest says it, by its name."""
        origin = self.side.origins.get(application)
        if origin is not None:
            return origin in _OF_THE_RUNTIME
        return application in _ALWAYS_OF_OTP | _ALWAYS_OF_ELIXIR | PARTS_OF_OTP


def read_build(path: Path) -> Build:
    """Return the release at a path: the root of a tree, a tar or a package.

    Raises:
        UsageError: There is none.
        IntegrityError: It is damaged.
    """
    return Build(build_side(str(path), iterate_contents(path)))
