"""``dray rehearse``: an upgrade applied to a node on this machine, and compared with freshly booted ones."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dray.cli.place import open_place
from dray.errors import StepError, UsageError
from dray.shell import LocalShell
from dray.upgrade.check import unpack_release
from dray.upgrade.local_node import copy_release, find_name
from dray.upgrade.rehearse import Change, Rehearsal, read_version, rehearse
from dray.upgrade.write import add_upgrade

if TYPE_CHECKING:
    from dray.core.context import Shell


@click.command("rehearse")
@click.argument("old")
@click.argument("new")
@click.option("--load", metavar="COMMAND", help="Put load on the system meanwhile; $PORT is its port.")
@click.option("--variable", "variables", metavar="NAME=VALUE", multiple=True, help="A variable for the system.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--env", metavar="ENV", help="Environment in which commits are built; by default MIX_ENV, else prod.")
def rehearse_command(
    old: str, new: str, load: str | None, variables: tuple[str, ...], env: str | None, *, as_json: bool
) -> None:
    """Upgrade a node on this machine from release OLD to NEW and back, and compare it with freshly booted ones.

    Each is a release's folder, its tar, its Debian package, last, or a commit, tag or branch of git, which is built.
    Where NEW carries no upgrade from OLD, one is generated.
    """
    chosen = env or os.environ.get("MIX_ENV") or "prod"
    environ = dict(_parse_variable(item) for item in variables)
    shell = LocalShell(lambda line: click.echo(line, err=True))
    with (
        open_place(old, chosen) as base,
        open_place(new, chosen) as target,
        tempfile.TemporaryDirectory(prefix="dray-rehearsal-") as folder,
    ):
        trees = _prepare(shell, base, target, Path(folder))
        click.echo(f"rehearsing {read_version(trees[0])} -> {read_version(trees[1])} and back ...", err=True)
        done = rehearse(shell, *trees, Path(folder, "nodes"), env=environ, load=load)
    click.echo(json.dumps(rehearsal_as_json(done), indent=2) if as_json else "\n".join(format_rehearsal(done)))
    if not done.is_equal:
        raise click.exceptions.Exit(1)


def _parse_variable(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise UsageError("a variable is given as NAME=VALUE", got=text)
    return name, value


def _prepare(shell: Shell, base: Path, target: Path, folder: Path) -> tuple[Path, Path]:
    """Return the trees of both versions, the new one with its upgrade from the old one."""
    old, new = unpack_release(base, folder / "base"), unpack_release(target, folder / "target")
    versions = read_version(old), read_version(new)
    if versions[0] == versions[1]:
        raise StepError(
            f"both releases have the version {versions[0]}: an upgrade leads from one version to another",
            hint='give each build a version of its own: release(version="{mix}+{git}")',
        )
    find_name(old)
    if (new / "releases" / versions[1] / "upgrade" / "from" / versions[0]).exists():
        return old, new
    copy = folder / "generated"
    copy_release(new, copy)
    click.echo(f"{versions[1]} carries no upgrade from {versions[0]}: generating one", err=True)
    add_upgrade(shell, old, copy)
    return old, copy


def format_rehearsal(done: Rehearsal) -> list[str]:
    """Return what a rehearsal has shown, as lines for people."""
    lines = [line for change in (done.up, done.down) if change for line in _format_change(done.name, change)]
    if done.down is None:
        lines.append("the way down was not tried")
    if done.load is not None:
        lines.append("the load met no failure" if done.load == 0 else f"the load failed with status {done.load}")
    return [*lines, "", "equal" if done.is_equal else "not equal"]


def _format_change(name: str, change: Change) -> list[str]:
    way = f"{name} {change.source} -> {change.target}"
    if change.error:
        return [f"{way}: failed: {change.error}"]
    pause = "" if change.pause is None else f", longest pause {change.pause * 1e3:.1f} ms"
    how = {"hot": "in the running system", "restart": "by a restart"}.get(change.mode, change.mode)
    lines = [f"{way}: {how}, {change.seconds:.2f} s{pause}", *(f"  because {reason}" for reason in change.reasons)]
    if not change.differences:
        return [*lines, f"  equal to a freshly booted {change.target}"]
    return [
        *lines,
        f"  differs from a freshly booted {change.target}:",
        *(f"    {one}" for one in change.differences),
    ]


def rehearsal_as_json(done: Rehearsal) -> dict[str, Any]:
    """Return what a rehearsal has shown, for programs."""

    def change(of: Change) -> dict[str, Any]:
        return {
            "from": of.source,
            "to": of.target,
            "mode": of.mode,
            "reasons": list(of.reasons),
            "error": of.error or None,
            "seconds": round(of.seconds, 3),
            "longest_pause_seconds": of.pause,
            "differences": list(of.differences),
        }

    return {
        "name": done.name,
        "equal": done.is_equal,
        "up": change(done.up),
        "down": change(done.down) if done.down else None,
        "load_status": done.load,
    }
