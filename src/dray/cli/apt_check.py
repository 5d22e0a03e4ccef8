"""``dray apt check``: looks for damage in a repository."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import click

from dray.cli.apt_place import open_to_read, place_options
from dray.errors import IntegrityError
from dray.repository.check import check_suite

if TYPE_CHECKING:
    from dray.cli.apt_place import Place


@click.command("check")
@place_options
@click.option("--deep", is_flag=True, help="Read all packages, too; otherwise only their sizes are looked at.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def check_command(
    place: Place,
    *,
    deep: bool,
    as_json: bool,
) -> None:
    """Look for damage in a repository: signature, dates, indices, packages, generations, the key."""
    with open_to_read(place) as (store, trusted):
        found = check_suite(store, place.suite, trusted, now=time.time(), deep=deep)
    damage = [finding for finding in found if finding.damage]
    if as_json:
        said = [{"what": finding.what, "damage": finding.damage} for finding in found]
        click.echo(json.dumps(said, indent=2))
    else:
        for finding in found:
            click.echo(f"{'damage' if finding.damage else 'warning'}: {finding.what}")
    if damage:
        raise IntegrityError(
            f"{place.address} {place.suite} is damaged in {len(damage)} places",
            hint="dray apt refresh writes indices under their names again, dray apt rollback goes back; "
            "a package that is lost is published again",
        )
    if not as_json:
        click.echo(f"{place.address} {place.suite} is whole")
