"""The step ``apt``: publishes the Debian packages of the release in an apt repository."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dray.core.step import StepDefinition

if TYPE_CHECKING:
    from dray.core.context import Context
    from dray.core.option import Option
    from dray.core.release import Release


def publish_release(release: Release, ctx: Context, repository: str, **settings: Any) -> Release:
    """Publish the Debian packages of the release in an apt repository.

    The repository is valid at every moment: hosts see all of the publication, or nothing of it. One that is not there
    yet is made.

    Args:
        release: With the packages that ``deb`` has made.
        ctx: The outside world.
        repository: A folder, ``ssh://HOST/PATH`` or ``s3://BUCKET/FOLDER``.
        settings: The other fields of ``AptOptions``.

    Returns:
        The release with its publications.
    """
    from dray.errors import ConfigError
    from dray.package.read_deb import read_debs
    from dray.repository.address import open_store
    from dray.repository.open import open_repository
    from dray.repository.options import AptOptions
    from dray.repository.publish import publish_packages

    options = AptOptions(repository, **settings)
    paths = [artifact.path for artifact in release.artifacts if artifact.kind == "deb"]
    if not paths:
        raise ConfigError("apt publishes Debian packages, and no step has made one", hint="put deb() before apt()")
    key, passphrase = (value if value is None else ctx.reveal(value) for value in (options.key, options.passphrase))
    debs = read_debs(paths)
    with open_store(repository, root=ctx.root) as store:
        opened = open_repository(
            store, key=key, passphrase=passphrase, trust=options.trust, environ=ctx.environ, clock=ctx.clock
        )
        for warning in opened.warnings:
            ctx.console.warn(warning)
        published = publish_packages(opened.repository, debs, options.terms(release.name))
    published = tuple(replace(publication, repository=repository) for publication in published)
    names = ", ".join(f"{item.package} {item.version}" for item in published)
    share = "" if options.rollout == 100 else f", for {options.rollout} % of the hosts"
    ctx.console.result(f"{names} in {repository} {options.suite}{share}")
    return replace(release, publications=(*release.publications, *published))


def _list_options() -> tuple[Option, ...]:
    from dray.repository.options import list_options

    return list_options()


apt: StepDefinition[...] = StepDefinition("apt", publish_release, _list_options, reads_tree=False)
"""The step; its options are the fields of ``dray.repository.options.AptOptions``."""
