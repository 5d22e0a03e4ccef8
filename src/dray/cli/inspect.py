"""``dray inspect``: what is in a release, as a table, as JSON, or as a page with a treemap."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from dray.cli.table import format_table
from dray.package.inventory import Inventory, InventoryGroup, iterate_native, read_inventory
from dray.package.treemap import Rectangle, layout_treemap
from dray.template.environment import TemplateFolder

_WIDTH, _HEIGHT = 1200.0, 680.0
_HEAD = 20.0
_GAP = 2.0
_SMALLEST_SHOWN = 0.0002

_ORIGINS = {
    "project": "the project",
    "dependency": "dependencies",
    "elixir": "Elixir",
    "otp": "OTP",
    "runtime": "the runtime",
    "release": "boot files and configuration",
    "unknown": "applications",
}


@click.command("inspect")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--html", "html", type=click.Path(path_type=Path), metavar="FILE", help="Write a page with a treemap.")
def inspect_command(path: Path, html: Path | None, *, as_json: bool) -> None:
    """Show what is in the release at PATH: its folder, its tar, its Debian package, or its manifest.json."""
    inventory = read_inventory(path)
    if html is not None:
        html.write_text(render_page(inventory), encoding="utf-8")
        click.echo(f"{html} written; open it in a browser", err=True)
    if as_json:
        click.echo(json.dumps(inventory_as_json(inventory), indent=2))
    elif html is None:
        click.echo("\n".join(format_inventory(inventory)))


def inventory_as_json(inventory: Inventory) -> dict[str, Any]:
    """Return an inventory for programs."""
    return {
        "source": inventory.source,
        "release": {key: value for key, value in inventory.facts.items() if key not in {"files", "applications"}},
        "size": inventory.size,
        "groups": [
            {
                "name": group.name,
                "version": group.version,
                "origin": group.origin,
                "size": group.size,
                "files": len(group.files),
            }
            for group in inventory.groups
        ],
        "native": [
            {"path": file.path, "size": file.size, "platform": file.native} for file in iterate_native(inventory)
        ],
    }


def format_size(size: int) -> str:
    """Return a number of bytes as people read it."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size} B"


def format_inventory(inventory: Inventory) -> list[str]:
    """Return an inventory as lines for people."""
    total = inventory.size or 1
    lines = [f"{inventory.title}: {format_size(inventory.size)}{_describe_facts(inventory.facts)}", ""]
    rows = [("part", "version", "from", "files", "size", "share")]
    rows += [
        (
            group.name,
            group.version,
            group.origin,
            str(len(group.files)),
            format_size(group.size),
            f"{100 * group.size / total:.1f} %",
        )
        for group in inventory.groups
    ]
    lines += format_table(rows, right=frozenset({3, 4, 5}))
    for group in inventory.groups:
        if group.origin == "runtime":
            lines += ["", f"in ERTS {group.version}:"]
            programs = [(file.path.rpartition("/")[2], format_size(file.size)) for file in group.files]
            lines += format_table(programs, indent="  ", right=frozenset({1}))
    native = [file for file in iterate_native(inventory) if file.path.startswith("lib/")]
    if native:
        lines += ["", "native code in applications:"]
        lines += format_table([(file.path, file.native or "") for file in native], indent="  ")
    return lines


def _describe_facts(facts: dict[str, Any]) -> str:
    commit = facts.get("commit")
    parts = [
        f"for {facts['env']}" if facts.get("env") else "",
        f"Elixir {facts['elixir']}" if facts.get("elixir") else "",
        f"OTP {facts['otp']}" if facts.get("otp") else "",
        f"commit {commit['sha'][:7]}" if commit else "",
    ]
    return "".join(f", {part}" for part in parts if part)


def render_page(inventory: Inventory) -> str:
    """Return the page with the treemap: one file that needs nothing from elsewhere."""
    areas = layout_treemap([group.size for group in inventory.groups], Rectangle(0.0, 0.0, _WIDTH, _HEIGHT))
    boxes = [_box(group, area, inventory) for group, area in zip(inventory.groups, areas, strict=True)]
    used = [origin for origin in _ORIGINS if any(group.origin == origin for group in inventory.groups)]
    return TemplateFolder().render(
        "inspect.html",
        title=inventory.title,
        subtitle=_describe_facts(inventory.facts).removeprefix(", "),
        size=format_size(inventory.size),
        count=sum(len(group.files) for group in inventory.groups),
        applications=sum(1 for group in inventory.groups if group.origin not in {"runtime", "release"}),
        legend=[(origin, _ORIGINS[origin]) for origin in used],
        width=_WIDTH,
        height=_HEIGHT,
        boxes=boxes,
        native=[(file.path, file.native) for file in iterate_native(inventory) if file.path.startswith("lib/")],
    )


def _box(group: InventoryGroup, area: Rectangle, inventory: Inventory) -> dict[str, Any]:
    inner = area.shrink(_GAP, _HEAD if area.height > 2 * _HEAD else _GAP, _GAP, _GAP)
    shown = [file for file in group.files if file.size > _SMALLEST_SHOWN * inventory.size]
    tiles = layout_treemap([file.size for file in shown], inner)
    return {
        "name": group.name,
        "version": group.version,
        "origin": group.origin,
        "size": format_size(group.size),
        "share": f"{100 * group.size / (inventory.size or 1):.1f} %",
        "files": len(group.files),
        "area": area.shrink(_GAP / 2, _GAP / 2, _GAP / 2, _GAP / 2),
        "labelled": area.width > 7.5 * len(group.name) + 8 and area.height > 2 * _HEAD,
        "tiles": [
            {
                "area": tile.shrink(0.5, 0.5, 0.5, 0.5),
                "name": file.path.rpartition("/")[2],
                "path": file.path,
                "size": format_size(file.size),
                "labelled": tile.width > 6.4 * len(file.path.rpartition("/")[2]) + 8 and tile.height > 18,
            }
            for file, tile in zip(shown, tiles, strict=True)
        ],
    }
