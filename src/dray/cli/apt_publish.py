"""``dray apt publish``: publishes Debian packages."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dray.cli.apt_place import open_place, place_options
from dray.package.read_deb import read_debs
from dray.repository.publish import Terms, publish_packages
from dray.repository.release_file import Description

if TYPE_CHECKING:
    from dray.cli.apt_place import Place
    from dray.core.publication import Publication


@click.command("publish")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@place_options
@click.option("--component", metavar="COMPONENT", help="The component; by default main.")
@click.option("--rollout", type=int, default=100, show_default=True, help="Percentage of hosts; 0 stops a version.")
@click.option("--keep", type=int, metavar="N", help="How many versions of each package stay; by default all.")
@click.option("--valid-days", type=int, metavar="DAYS", help="When apt takes it for outdated without a refresh.")
@click.option("--allow-downgrade", is_flag=True, help="Publish a version that is older than what is there.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def publish_command(
    files: tuple[Path, ...],
    place: Place,
    component: str | None,
    rollout: int,
    keep: int | None,
    valid_days: int | None,
    *,
    allow_downgrade: bool,
    as_json: bool,
) -> None:
    """Publish Debian packages.

    All of them appear at once. What is published already stays as it is, and gets the rollout that is said.
    """
    said: dict[str, Any] = dict(place.settings)
    debs = read_debs(files)
    terms = Terms(
        suite=place.suite,
        component=component or said.get("component", "main"),
        rollout=rollout,
        keep=keep if keep is not None else said.get("keep"),
        allow_downgrade=allow_downgrade,
        valid_days=valid_days if valid_days is not None else said.get("valid_days"),
        about=Description(*(said.get(name) or "" for name in ("origin", "label", "description"))),
    )
    with open_place(place) as repository:
        published = publish_packages(repository, debs, terms)
    if as_json:
        import json  # noqa: PLC0415 - not everyone asks for it

        click.echo(json.dumps([asdict(publication) for publication in published], indent=2))
        return
    click.echo("\n".join(format_publication(publication, place.suite) for publication in published))


def format_publication(publication: Publication, suite: str) -> str:
    """Return a publication as a line."""
    before = f" after {publication.previous}" if publication.previous else ""
    share = "" if publication.rollout == 100 else f", for {publication.rollout} % of the hosts"
    return f"{publication.package} {publication.version} published{before} in {publication.repository} {suite}{share}"
