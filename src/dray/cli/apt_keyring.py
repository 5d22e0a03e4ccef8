"""``dray apt keyring``: publishes the keys of a repository as a package."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dray.cli.apt_place import open_place, place_options
from dray.cli.apt_publish import format_publication
from dray.clock import SystemClock
from dray.package.deb.identity import validate_maintainer
from dray.repository.host import Source, source_name
from dray.repository.key_source import load_signer
from dray.repository.keyring_package import publish_keyring
from dray.repository.publish import Terms

if TYPE_CHECKING:
    from dray.cli.apt_place import Place


@click.command("keyring")
@click.argument("name", required=False)
@place_options
@click.option(
    "--next", "following", multiple=True, metavar="KEY", help="The key that will sign later on, as --key takes it."
)
@click.option("--maintainer", metavar="PERSON", help="'Name <mail>'; by default NAME archive <NAME@localhost...>.")
def keyring_command(name: str | None, place: Place, following: tuple[str, ...], maintainer: str | None) -> None:
    """Publish the keys of a repository as the package NAME-archive-keyring.

    Hosts that have it get later keys by apt upgrade. NAME is what ``dray apt init`` was given; by default it is the
    name of the current folder.
    """
    chosen = source_name(name or Path.cwd().name)
    person = validate_maintainer(maintainer or f"{chosen} archive <{chosen}@localhost.localdomain>")
    source = Source(chosen, place.address, place.suite)
    terms = Terms(suite=place.suite)
    with open_place(place) as repository:
        later = (load_signer(key, environ=os.environ, passphrase=place.passphrase).certificate for key in following)
        certificates = (*repository.certificates, *later)
        published = publish_keyring(
            repository, source, certificates, terms, maintainer=person, moment=int(SystemClock().now())
        )
    for publication in published:
        click.echo(format_publication(publication, place.suite))
    click.echo(f"On hosts: apt-get install {published[0].package}", err=True)
