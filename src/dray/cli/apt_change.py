"""``dray apt remove``, ``rollback`` and ``refresh``: change what is published, without a new package."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from dray.cli.apt_place import open_place, place_options
from dray.repository.manage import refresh_suite, remove_package, roll_back
from dray.repository.release_file import format_date

if TYPE_CHECKING:
    from dray.cli.apt_place import Place


@click.command("remove")
@click.argument("package")
@place_options
@click.option("--version", metavar="VERSION", help="Only this version; by default all.")
@click.option("--architecture", metavar="ARCH", help="Only for this architecture.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def remove_command(
    package: str,
    place: Place,
    version: str | None,
    architecture: str | None,
    *,
    as_json: bool,
) -> None:
    """Take PACKAGE out of a repository.

    Hosts that have it keep it. Its file stays as long as a generation that can be gone back to needs it.
    """
    with open_place(place) as repository:
        removed = remove_package(repository, place.suite, package, version=version, architecture=architecture)
    if as_json:
        listed = [{"package": e.package, "version": e.version, "architecture": e.architecture} for e in removed]
        click.echo(json.dumps(listed, indent=2))
        return
    for entry in removed:
        click.echo(f"{entry.package} {entry.version} {entry.architecture} removed from {place.address} {place.suite}")


@click.command("rollback")
@place_options
@click.option("--generation", type=int, metavar="N", help="Which one; by default the one before the present one.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def rollback_command(
    place: Place,
    generation: int | None,
    *,
    as_json: bool,
) -> None:
    """Publish an earlier generation of a repository again.

    `dray apt list --generations` shows them. Hosts that have taken a newer version meanwhile keep it until they are
    told to go back: apt-get install PACKAGE=VERSION.
    """
    with open_place(place) as repository:
        number, release = roll_back(repository, place.suite, generation)
    if as_json:
        click.echo(json.dumps({"restored": number, "generation": release.generation}))
        return
    click.echo(f"generation {number} is published again in {place.address} {place.suite}, as {release.generation}")


@click.command("refresh")
@place_options
@click.option("--valid-days", type=int, metavar="DAYS", help="For how long it is valid from now; 0 for ever.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def refresh_command(
    place: Place,
    valid_days: int | None,
    *,
    as_json: bool,
) -> None:
    """Sign a repository anew, with the date of today.

    A suite with an end needs this before the end comes. It also writes the indices under their names again, where
    somebody has changed them by hand, and signs with a new key.
    """
    with open_place(place) as repository:
        release = refresh_suite(repository, place.suite, valid_days)
    until = release.valid_until
    if as_json:
        click.echo(json.dumps({"generation": release.generation, "date": release.date, "valid_until": until}))
        return
    end = f"valid until {format_date(until)}" if until is not None else "valid without an end"
    click.echo(f"{place.address} {place.suite} is signed anew, {end}")
