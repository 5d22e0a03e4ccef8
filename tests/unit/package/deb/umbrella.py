"""An umbrella of two releases on a machine of files, as the builds of both see it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dray.assemble.applications import list_application_entries
from dray.assemble.definition import choose_definition
from dray.assemble.describe import describe_chosen
from dray.assemble.erts import list_erts_entries
from dray.core.contents import File
from dray.core.project import ReleaseDefinition
from dray.core.settings import EMPTY, Settings
from dray.package.deb.group import Group, list_group
from dray.package.deb.options import DebOptions
from dray.package.deb.packaging import Packaging, prepare_packaging
from dray.template.environment import TemplateFolder
from tests.fakes import FakeShell, make_context
from tests.world import World

if TYPE_CHECKING:
    from pathlib import Path

    from dray.core.context import Context
    from dray.core.release import Release

TEMPLATES = TemplateFolder()
FRONT = ReleaseDefinition("front", applications=(("shop", "permanent"),), strip=None)
STORE = ReleaseDefinition("store", applications=(("shop", "permanent"), ("crypto", "permanent")), strip=None)
OPTIONS = DebOptions(split=True, project="whole", maintainer="Ann Shop <ann@shop.example>")


@dataclass
class Umbrella:
    """The umbrella.

    Args:
        root: Its folder, and that of the machine.
        settings: What ``config(...)`` says.
        options: What it says of the packages.
        releases: Those of ``mix.exs``.
    """

    root: Path
    settings: Settings = EMPTY
    options: DebOptions = OPTIONS
    releases: tuple[ReleaseDefinition, ...] = (FRONT, STORE)

    def __post_init__(self) -> None:
        self.world = World(self.root)
        self.world.build("shop")
        programs = self.root / "otp/erts-13.1/bin"
        programs.mkdir(parents=True)
        for name in ("beam.smp", "erl", "erl_call", "erlexec"):
            (programs / name).write_text(f"{name}\n")
            (programs / name).chmod(0o755)

    @property
    def ctx(self) -> Context:
        """The outside world."""
        context = make_context(self.root, settings=self.settings, shell=FakeShell())
        return replace(context, templates=TEMPLATES)

    def configure(self, section: str, **values: Any) -> None:
        """Add to what ``config(...)`` says."""
        self.settings = self.settings.merge(section, "", values, None)

    def describe(self, name: str, **given: Any) -> Release:
        """Return a release as the step ``release`` does."""
        project = self.world.project(releases=self.releases, umbrella=True)
        return describe_chosen(project, choose_definition(project, name, configured=bool(given)), given)

    def assemble(self, name: str, **given: Any) -> Release:
        """Return a release with its files."""
        release = self.describe(name, **given)
        assert release.erts is not None
        entries = (
            *list_erts_entries(release.erts, TEMPLATES),
            *list_application_entries(release.applications, release.erts, None),
            File(f"bin/{name}", b"launcher", 0o755),
        )
        return replace(release.add(*entries), tree=self.root / "_build/prod/rel" / name)

    def group(self, release: Release, **changes: Any) -> Group:
        """Return the group of a release."""
        return list_group(release, self.ctx, replace(self.options, **changes))

    def prepare(self, release: Release) -> tuple[Packaging, Group]:
        """Return what the packages of a release are made with."""
        group = self.group(release)
        options = replace(self.options, name=group.own.package)
        return prepare_packaging(release, self.ctx, options, machine="debian-12", time=0), group
