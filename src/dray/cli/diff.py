"""``dray diff``: what differs between two releases, and whether a running node could follow."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dray.cli.place import open_place
from dray.cli.table import format_table
from dray.upgrade.build import read_build
from dray.upgrade.compare import Changes, compare_sides
from dray.upgrade.side import read_side
from dray.upgrade.verdict import list_restart_reasons

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dray.upgrade.build import Build
    from dray.upgrade.compare import ApplicationDifference, Difference
    from dray.upgrade.side import Side

_MARKS = (("+", "added"), ("-", "removed"), ("~", "changed"))


@click.command("diff")
@click.argument("old")
@click.argument("new")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--html", "html", type=click.Path(path_type=Path), metavar="FILE", help="Write a page.")
@click.option("--env", metavar="ENV", help="Environment in which commits are built; by default MIX_ENV, else prod.")
def diff_command(old: str, new: str, html: Path | None, env: str | None, *, as_json: bool) -> None:
    """Show what differs between the releases OLD and NEW, and whether a running node could follow.

    Each is a release's folder, its tar, its Debian package, its manifest.json, last (the newest archive or package of
    another version, else the one published last), or a commit, tag or branch of git, which is built.
    """
    chosen = env or os.environ.get("MIX_ENV") or "prod"
    with _open(old, chosen) as before, _open(new, chosen) as after:
        difference = compare_sides(before.side, after.side)
        if before.build is not None and after.build is not None:
            reasons = list_restart_reasons(before.build, after.build, difference)
            difference = replace(difference, reasons=reasons)
    if html is not None:
        html.write_text(render_page(difference), encoding="utf-8")
        click.echo(f"{html} written; open it in a browser", err=True)
    if as_json:
        click.echo(json.dumps(difference_as_json(difference), indent=2))
    elif html is None:
        click.echo("\n".join(format_difference(difference)))


@dataclass(frozen=True, slots=True)
class _Found:
    """A release that was found: what it shows of itself, and, where it is more than a manifest, its code."""

    side: Side
    build: Build | None = None


@contextlib.contextmanager
def _open(place: str, env: str) -> Iterator[_Found]:
    """Find a release, whose files can be read as long as the block lasts."""
    with open_place(place, env) as found:
        if found.suffix == ".json":
            yield _Found(read_side(found))
        else:
            build = read_build(found)
            yield _Found(build.side if Path(place).exists() else replace(build.side, source=place), build)


def verdict_of(difference: Difference) -> str:
    """Return the verdict in a word: ``same``, ``hot`` or ``restart``."""
    if difference.is_empty:
        return "same"
    return "restart" if difference.reasons else "hot"


def format_difference(difference: Difference) -> list[str]:
    """Return a difference as lines for people."""
    old, new = difference.old, difference.new
    lines = [f"{old.name} {old.version} -> {new.name} {new.version}"]
    if difference.runtime:
        lines += ["", "runtime:"]
        lines += format_table([(name, f"{a} -> {b}") for name, a, b in difference.runtime], indent="  ")
    if difference.applications:
        lines += ["", "applications:"]
        for app in difference.applications:
            lines.append(f"  {app.name} {describe_versions(app)}")
            lines += _format_changes(_without_prefix(app.modules), "    ")
            lines += _format_changes(app.files, "    ")
    for title, changes in (
        ("consolidated protocols", _without_prefix(difference.protocols)),
        ("configuration", difference.config),
        ("launcher and other files", difference.files),
    ):
        if changes:
            lines += ["", f"{title}:", *_format_changes(changes, "  ")]
    return [*lines, "", *_format_verdict(difference)]


def _format_verdict(difference: Difference) -> list[str]:
    words = {
        "same": "the same: nothing differs but the version",
        "hot": "hot: nothing is seen that stands against an upgrade of the running node",
        "restart": "restart:",
    }
    return [words[verdict_of(difference)], *(f"  {reason}" for reason in difference.reasons)]


def describe_versions(app: ApplicationDifference) -> str:
    """Return what became of an application's version."""
    if app.old is None:
        return f"{app.new}, new"
    if app.new is None:
        return f"{app.old}, gone"
    if app.is_unversioned:
        return f"{app.new}, changed under the same version"
    return f"{app.old} -> {app.new}"


def _format_changes(changes: Changes, indent: str) -> list[str]:
    return [f"{indent}{mark} {name}" for mark, kind in _MARKS for name in getattr(changes, kind)]


def _without_prefix(changes: Changes) -> Changes:
    """Return the names of modules as Elixir shows them."""
    return Changes(*(tuple(name.removeprefix("Elixir.") for name in getattr(changes, kind)) for _, kind in _MARKS))


def difference_as_json(difference: Difference) -> dict[str, Any]:
    """Return a difference for programs."""

    def side(of: Side) -> dict[str, Any]:
        return {"source": of.source, "name": of.name, "version": of.version, "erts": of.erts}

    def listed(changes: Changes) -> dict[str, list[str]]:
        return {kind: list(getattr(changes, kind)) for _, kind in _MARKS}

    return {
        "old": side(difference.old),
        "new": side(difference.new),
        "runtime": {name: {"old": a, "new": b} for name, a, b in difference.runtime},
        "applications": [
            {
                "name": app.name,
                "old": app.old,
                "new": app.new,
                "modules": listed(app.modules),
                "files": listed(app.files),
            }
            for app in difference.applications
        ],
        "protocols": listed(difference.protocols),
        "config": listed(difference.config),
        "files": listed(difference.files),
        "verdict": verdict_of(difference),
        "reasons": list(difference.reasons),
    }


def render_page(difference: Difference) -> str:
    """Return a difference as a page that needs nothing from elsewhere."""
    from dray.template.environment import TemplateFolder  # noqa: PLC0415 - lines need no template

    applications = [
        {
            "name": app.name,
            "versions": describe_versions(app),
            "changes": [*_rows(_without_prefix(app.modules)), *_rows(app.files)],
        }
        for app in difference.applications
    ]
    parts = [
        {"name": "Consolidated protocols", "versions": "", "changes": _rows(_without_prefix(difference.protocols))},
        {"name": "Configuration", "versions": "", "changes": _rows(difference.config)},
        {"name": "Launcher and other files", "versions": "", "changes": _rows(difference.files)},
    ]
    return TemplateFolder().render(
        "diff.html",
        old=difference.old,
        new=difference.new,
        runtime=difference.runtime,
        applications=applications,
        parts=[part for part in parts if part["changes"]],
        verdict=verdict_of(difference),
        words=_format_verdict(difference)[0],
        reasons=difference.reasons,
    )


def _rows(changes: Changes) -> list[tuple[str, str, str]]:
    return [(mark, kind, name) for mark, kind in _MARKS for name in getattr(changes, kind)]
