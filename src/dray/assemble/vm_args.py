"""``vm.args``, ``remote.vm.args`` and ``env.sh``: the project's own where it has them, dray's otherwise."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.core.contents import Entry, File
from dray.core.paths import display_path
from dray.errors import ProjectError

if TYPE_CHECKING:
    from dray.core.context import Context
    from dray.core.release import Release

_NAMES = ("vm.args", "remote.vm.args", "env.sh")
# Flags may share a line; after # comes a comment.
_NODE_FLAG = re.compile(r"^([^#\n]*?(?<!\S))-(s?name)[ \t]+(\S+)", re.MULTILINE)
_COOKIE_FLAG = re.compile(r"^([^#\n]*?(?<!\S))-setcookie[ \t]+\S+", re.MULTILINE)


def list_environment_entries(release: Release, ctx: Context) -> list[Entry]:
    """Return the files that say what the VM starts with.

    In order: a template of the project's (``rel/vm.args.eex``), already rendered by Mix; the file that a rebar3
    project names; dray's own.
    """
    rendered = dict(release.project.rendered) if release.project else {}
    if "error" in rendered:
        raise ProjectError(f"Mix refuses the release: {rendered['error'].decode()}")
    named = release.definition.vm_args if release.definition else None
    entries: list[Entry] = []
    for name in _NAMES:
        text = rendered.get(name)
        if text is None:
            text = ctx.templates.render(f"releases/VSN/{name}", name=release.name).encode()
        entries.append(File(f"{release.version_path}/{name}", text))
    if named is not None:
        flags = parse_flags(named.read_text(encoding="utf-8"))
        if flags.cookie:
            shown = display_path(named, ctx.root)
            ctx.console.warn(f"{shown}: -setcookie is left out: no cookie is shipped; set RELEASE_COOKIE on the host")
        entries[0] = File(f"{release.version_path}/vm.args", flags.text.encode())
        entries[2] = File(f"{release.version_path}/env.sh", _environment(flags).encode())
    return entries


@dataclass(frozen=True, slots=True)
class Flags:
    """A ``vm.args`` without what the launcher sets itself.

    Args:
        text: The rest of the file.
        distribution: ``name`` or ``sname``, where the file had it.
        node: The node's name.
        cookie: Whether the file had a cookie.
    """

    text: str
    distribution: str | None = None
    node: str | None = None
    cookie: bool = False


def parse_flags(text: str) -> Flags:
    """Return a ``vm.args`` taken apart; the BEAM refuses a node name that is given twice."""
    found = _NODE_FLAG.search(text)
    rest = _COOKIE_FLAG.sub(r"\1", _NODE_FLAG.sub(r"\1", text))
    return Flags(
        rest,
        distribution=found[2] if found else None,
        node=found[3] if found else None,
        cookie=bool(_COOKIE_FLAG.search(text)),
    )


def _environment(flags: Flags) -> str:
    if flags.node is None:
        return "#!/bin/sh\n"
    return (
        "#!/bin/sh\n"
        f"RELEASE_DISTRIBUTION=${{RELEASE_DISTRIBUTION:-{flags.distribution}}}\n"
        f"RELEASE_NODE=${{RELEASE_NODE:-{flags.node}}}\n"
        "export RELEASE_DISTRIBUTION RELEASE_NODE\n"
    )
