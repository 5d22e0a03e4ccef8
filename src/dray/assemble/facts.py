"""The facts that a release carries once it is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dray.errors import ConfigError

if TYPE_CHECKING:
    from dray.core.project import Project, ReleaseDefinition
    from dray.core.release import Release


def facts_of(release: Release) -> tuple[Project, ReleaseDefinition]:
    """Return the project and the definition of a release.

    Raises:
        ConfigError: No step has named the release yet.
    """
    if release.project is None or release.definition is None:
        raise ConfigError("there is no release yet", hint="a pipeline starts with release()")
    return release.project, release.definition
