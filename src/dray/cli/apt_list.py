"""``dray apt list``: the packages of a repository, or its generations."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from dray.cli.apt_place import open_to_read, place_options
from dray.cli.table import format_table
from dray.errors import IntegrityError, UsageError
from dray.package.debian_version import version_key
from dray.repository.collect import list_generations
from dray.repository.draft import Draft
from dray.repository.manage import list_entries
from dray.repository.suite import generation_key, read_release, read_suite

if TYPE_CHECKING:
    from dray.cli.apt_place import Place
    from dray.repository.suite import Suite


@click.command("list")
@click.argument("package", required=False)
@place_options
@click.option("--generations", is_flag=True, help="List the publications that can be gone back to.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_command(
    package: str | None,
    place: Place,
    *,
    generations: bool,
    as_json: bool,
) -> None:
    """List the packages of a repository: all of them, or the versions of PACKAGE."""
    with open_to_read(place) as (store, trusted):
        found = read_suite(store, place.suite, trusted)
        if found.etag is None:
            hint = "dray apt publish FILE makes it, or name another one: --suite SUITE"
            raise UsageError(f"{place.address} has no suite {place.suite}", hint=hint)
        if generations:
            rows = _list_generations(found, store, trusted)
        else:
            rows = _list_packages(Draft(store, found, found.release), package)
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    table = [list(rows[0]) if rows else [], *([str(value) for value in row.values()] for row in rows)]
    click.echo("\n".join(format_table(table)) if rows else "nothing")


def _list_packages(draft: Draft, package: str | None) -> list[dict[str, Any]]:
    found = [(part, entry) for part, entry in list_entries(draft) if package in {None, entry.package}]
    found.sort(key=lambda pair: (pair[0], pair[1].package, version_key(pair[1].version), pair[1].architecture))
    return [
        {
            "package": entry.package,
            "version": entry.version,
            "architecture": entry.architecture,
            "component": component,
            "rollout": entry.rollout,
            "size": entry.size,
        }
        for component, entry in found
    ]


def _list_generations(suite: Suite, store: Any, trusted: Any) -> list[dict[str, Any]]:
    releases = [suite.release]
    for number, _ in reversed(list_generations(store, suite.name)):
        found = store.get(generation_key(suite.name, number))
        if found is not None and number != suite.release.generation:
            with contextlib.suppress(IntegrityError):  # there is no way back to a damaged one
                releases.append(read_release(found.data, trusted, file=f"generation {number}"))
    return [
        {
            "generation": release.generation,
            "date": datetime.fromtimestamp(release.date, UTC).isoformat(),
            "state": "published" if release is suite.release else "kept",
        }
        for release in releases
    ]


def list_latest(draft: Draft) -> list[dict[str, Any]]:
    """Return the newest version of each package, and how many others there are, for people."""
    latest: dict[tuple[str, str], dict[str, Any]] = {}
    for row in _list_packages(draft, None):
        key = (row["package"], row["architecture"])
        latest[key] = {**row, "others": latest[key]["others"] + 1 if key in latest else 0}
    return list(latest.values())
