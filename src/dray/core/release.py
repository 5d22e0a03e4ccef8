"""A release as a value: its name, its applications and the manifest of what it consists of.

Most steps only return ``release.add(...)``. Nothing here touches the disk.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dray.errors import StepError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dray.core.application import Application
    from dray.core.artifact import Artifact
    from dray.core.contents import Digest, Entry
    from dray.core.erts import Erts
    from dray.core.project import Project, ReleaseDefinition
    from dray.core.publication import Publication
    from dray.core.rollout import Rollout
    from dray.core.term import Term
    from dray.core.upgrade import Input, Upgrade


@dataclass(frozen=True, slots=True)
class ConfigValue:
    """One value to put into ``sys.config``: application, key and term."""

    application: str
    key: str
    value: Term


@dataclass(frozen=True, slots=True)
class Release:
    """A release on its way through a pipeline.

    A pipeline starts with ``Release()``, which is nothing yet; the step ``release`` names it, the step
    ``assemble`` fills it.

    Args:
        name: Its name, empty before the step ``release``.
        version: Its version.
        env: The environment it is built for.
        project: The facts of the project.
        definition: How the project wants it built.
        erts: The runtime that it runs on.
        applications: Its applications, in the order of its ``.rel`` file.
        contents: The manifest, sorted by path.
        digests: What identifies the bytes of each file, once the release is assembled; a file that was added since
            has none.
        config: Values that steps add to ``sys.config``.
        tree: Where the release stands on disk, once it is assembled.
        artifacts: The finished files made of it.
        publications: Where they were published.
        rollouts: Where it was deployed, and what became of each host.
        upgrades: What was decided about upgrades to it, for each base.
        inputs: What steps read besides the project's sources.
    """

    name: str = ""
    version: str = ""
    env: str = "prod"
    project: Project | None = None
    definition: ReleaseDefinition | None = None
    erts: Erts | None = None
    applications: tuple[Application, ...] = ()
    contents: tuple[Entry, ...] = ()
    digests: Mapping[str, Digest] = field(default_factory=dict)
    config: tuple[ConfigValue, ...] = ()
    tree: Path | None = None
    artifacts: tuple[Artifact, ...] = ()
    publications: tuple[Publication, ...] = ()
    rollouts: tuple[Rollout, ...] = ()
    upgrades: tuple[Upgrade, ...] = ()
    inputs: tuple[Input, ...] = ()

    @property
    def version_path(self) -> str:
        """The folder of what may change with a version, ``releases/VERSION``."""
        return f"releases/{self.version}"

    def add(self, *entries: Entry) -> Release:
        """Return the release with these entries; an entry replaces an earlier one of the same path."""
        merged = {entry.path: entry for entry in self.contents}
        merged |= {entry.path: entry for entry in entries}
        added = {entry.path for entry in entries}
        digests = {path: digest for path, digest in self.digests.items() if path not in added}
        return replace(self, contents=tuple(sorted(merged.values(), key=_path)), digests=digests)

    def remove(self, *paths: str) -> Release:
        """Return the release without these paths, and without what lies below them."""
        gone = set(paths)
        below = tuple(f"{path}/" for path in paths)
        kept = (e for e in self.contents if e.path not in gone and not e.path.startswith(below))
        return replace(self, contents=tuple(kept))

    def find(self, path: str) -> Entry | None:
        """Return the entry at ``path``, if there is one."""
        return next((entry for entry in self.contents if entry.path == path), None)

    def configure(self, application: str, **values: object) -> Release:
        """Return the release with values added to ``sys.config``, as ``config/config.exs`` would set them.

        Args:
            application: The application's name.
            values: Keys and values; a Python string becomes an Elixir string. See ``from_python``.

        Raises:
            StepError: The release is assembled, and its ``sys.config`` written.
        """
        if self.tree is not None:
            raise StepError(
                f"the configuration of {application} cannot be changed after assemble()",
                hint="put the step that configures before assemble()",
            )
        from dray.core.term import from_python  # noqa: PLC0415 - most pipelines configure nothing

        added = tuple(ConfigValue(application, key, from_python(value)) for key, value in values.items())
        return replace(self, config=self.config + added)

    def with_artifact(self, artifact: Artifact) -> Release:
        """Return the release with one more finished file."""
        others = tuple(a for a in self.artifacts if a.path != artifact.path)
        return replace(self, artifacts=(*others, artifact))

    def with_rollout(self, rollout: Rollout) -> Release:
        """Return the release with one more deployment."""
        return replace(self, rollouts=(*self.rollouts, rollout))


def _path(entry: Entry) -> str:
    return entry.path
