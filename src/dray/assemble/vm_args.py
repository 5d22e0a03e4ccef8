"""``vm.args``, ``remote.vm.args`` and ``env.sh``: the project's own where it has them, dray's otherwise."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.assemble.host_settings import FlagSettings, read_flag_settings
from dray.core.contents import Entry, File
from dray.core.paths import display_path
from dray.errors import ProjectError

if TYPE_CHECKING:
    from pathlib import Path

    from dray.core.context import Context
    from dray.core.release import Release

_NAMES = ("vm.args", "remote.vm.args", "env.sh")
# Flags may share a line; after # comes a comment.
_NODE_FLAG = re.compile(r"^([^#\n]*?(?<!\S))-(s?name)[ \t]+(\S+)", re.MULTILINE)
_COOKIE_FLAG = re.compile(r"^([^#\n]*?(?<!\S))-setcookie[ \t]+\S+", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class OwnFlags:
    """The ``vm.args`` of a release, and who wrote it.

    Args:
        text: The file.
        origin: Where it comes from, as the user knows it.
        named: The file of the project's that it was read from, as it is; None for a template.
    """

    text: bytes
    origin: str
    named: Path | None = None


def list_environment_entries(release: Release, ctx: Context) -> list[Entry]:
    """Return the files that say what the VM starts with.

    In order: a template of the project's (``rel/vm.args.eex``), already rendered by Mix; the file that a rebar3
    project names; ``rel/vm.args``; dray's own. The flags of ``config("vm_args", ...)`` come behind all of them.
    """
    rendered = dict(release.project.rendered) if release.project else {}
    if "error" in rendered:
        raise ProjectError(f"Mix refuses the release: {rendered['error'].decode()}")
    texts = {
        name: rendered[name]
        if name in rendered
        else ctx.templates.render(f"releases/VSN/{name}", name=release.name).encode()
        for name in _NAMES
    }
    own = find_vm_args(release, ctx)
    texts["vm.args"] = own.text
    if own.named is not None:
        flags = parse_flags(own.text.decode())
        if flags.cookie:
            ctx.console.warn(
                f"{own.origin}: -setcookie is left out: no cookie is shipped; set RELEASE_COOKIE on the host"
            )
        texts["vm.args"] = flags.text.encode()
        if "env.sh" not in rendered:
            texts["env.sh"] = _environment(flags).encode()
    texts["vm.args"] += _describe_flags(read_flag_settings(ctx.settings))
    return [File(f"{release.version_path}/{name}", text) for name, text in texts.items()]


def find_vm_args(release: Release, ctx: Context) -> OwnFlags:
    """Return the ``vm.args`` that a release starts with, before the launcher adds what the host is like."""
    named = release.definition.vm_args if release.definition else None
    rendered = dict(release.project.rendered) if release.project else {}
    plain = ctx.root / "rel/vm.args"
    if named is None and "vm.args" in rendered:
        return OwnFlags(rendered["vm.args"], "rel/vm.args.eex")
    if named is None and plain.is_file():
        named = plain
    if named is not None:
        return OwnFlags(named.read_bytes(), display_path(named, ctx.root), named)
    text = ctx.templates.render("releases/VSN/vm.args", name=release.name)
    return OwnFlags(text.encode(), f"releases/{release.version}/vm.args")


def _describe_flags(settings: FlagSettings) -> bytes:
    """Return the lines of ``config("vm_args", flags=...)``; the launcher knows them by the first."""
    if not settings.flags:
        return b""
    return "\n".join(("", '## config("vm_args")', *settings.flags, "")).encode()


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
