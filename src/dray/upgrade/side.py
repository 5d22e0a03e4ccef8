"""One side of a comparison: a release as far as a comparison needs it, read from where it lies."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dray.assemble.stored import is_manifest, parse_manifest
from dray.beam.relfile import parse_rel
from dray.beam.term_writer import format_term
from dray.beam.terms import decode_source, parse_terms
from dray.errors import IntegrityError, UsageError
from dray.upgrade.content import iterate_contents

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from dray.beam.relfile import RelFile
    from dray.upgrade.content import Content

_REL = re.compile(r"releases/([^/]+)/[^/]+\.rel\Z")
_CONFIG = re.compile(r"releases/[^/]+/sys\.config\Z")


@dataclass(frozen=True)
class Side:
    """A release.

    Args:
        source: Where it was read from.
        name: Its name.
        version: Its version.
        erts: The version of the runtime.
        otp: OTP's release, where a manifest says it.
        elixir: The version of Elixir; None without Elixir.
        applications: Names and versions.
        files: What is in it, by path.
        config: What ``sys.config`` says: ``application.key`` and the value as text; None where only a manifest is
            known.
        rel: What the ``.rel`` file says; None where only a manifest is known.
        origins: Who each application comes from, where a manifest says it.
        upgrades: Why an upgrade from another version needs a restart, where a manifest speaks of that version.
    """

    source: str
    name: str
    version: str
    erts: str
    otp: str | None
    elixir: str | None
    applications: Mapping[str, str]
    files: Mapping[str, Content]
    config: Mapping[str, str] | None
    rel: RelFile | None = None
    origins: Mapping[str, str] = field(default_factory=dict)
    upgrades: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def folders(self) -> dict[str, dict[str, Content]]:
        """The files below ``lib``, by the folder of the application and the path in it."""
        found: dict[str, dict[str, Content]] = {}
        for path, content in self.files.items():
            if path.startswith("lib/"):
                folder, _, inner = path[4:].partition("/")
                found.setdefault(folder, {})[inner] = content
        return found

    def list_application(self, name: str) -> dict[str, Content]:
        """Return the files of an application, by their paths in its folder; none where the release has none."""
        return self.folders.get(f"{name}-{self.applications.get(name)}", {})

    @property
    def consolidated(self) -> frozenset[str]:
        """The modules of the consolidated protocols."""
        folder = f"releases/{self.version}/consolidated/"
        return frozenset(
            path.removeprefix(folder).removesuffix(".beam") for path in self.files if path.startswith(folder)
        )


def read_side(path: Path) -> Side:
    """Return the release at a path: the root of a tree, a tar, a package, or a ``manifest.json``.

    Raises:
        UsageError: There is none.
        IntegrityError: It is damaged.
    """
    if path.is_file() and path.suffix == ".json":
        facts = parse_manifest(path.read_bytes(), str(path))
        return _of_manifest(path, facts, {content.path: content for content in iterate_contents(path)})
    return build_side(str(path), iterate_contents(path))


def build_side(source: str, contents: Iterable[Content]) -> Side:
    """Return the release that consists of these files.

    Args:
        source: Where they come from, for messages.
        contents: What they hold; all of it can be read.

    Raises:
        UsageError: They are no release.
        IntegrityError: It is damaged.
    """
    files: dict[str, Content] = {}
    facts: dict[str, Any] = {}
    texts: dict[str, bytes] = {}
    for content in contents:
        path = content.path
        files[path] = content
        if not path.startswith("releases/"):
            continue
        if is_manifest(path):
            facts = parse_manifest(content.read(), f"{source}:{path}")
        elif _REL.match(path) or _CONFIG.match(path):
            texts[path] = content.read()
    return _of_release(source, facts, files, texts)


def _of_manifest(path: Path, facts: dict[str, Any], files: Mapping[str, Content]) -> Side:
    applications = {item["name"]: item["version"] for item in facts["applications"]}
    return Side(
        str(path),
        facts["name"],
        facts["version"],
        facts.get("erts") or "",
        facts.get("otp"),
        facts.get("elixir"),
        applications,
        files,
        None,
        origins=_read_origins(facts),
        upgrades=_read_upgrades(facts),
    )


def _read_upgrades(facts: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    return {item["from"]: tuple(item.get("reasons", ())) for item in facts.get("upgrades", ())}


def _read_origins(facts: dict[str, Any]) -> dict[str, str]:
    listed = facts.get("applications", [])
    return {item["name"]: item["origin"] for item in listed if {"name", "origin"} <= item.keys()}


def _of_release(source: str, facts: dict[str, Any], files: Mapping[str, Content], texts: Mapping[str, bytes]) -> Side:
    found = sorted(name for name in texts if _REL.match(name))
    if not found:
        raise UsageError(f"{source} has no releases/VERSION/NAME.rel, so it is no release that OTP knows")
    if len({name.rpartition("/")[0] for name in found}) > 1:
        raise UsageError(
            f"{source} holds several versions: {', '.join(name.split('/')[1] for name in found)}",
            hint="compare the archives that they came from",
        )
    rel = parse_rel(texts[found[0]], file=f"{source}:{found[0]}")
    applications = {item.name: item.version for item in rel.applications}
    config = next((name for name in texts if _CONFIG.match(name)), None)
    return Side(
        source,
        rel.name,
        rel.version,
        rel.erts_version,
        facts.get("otp"),
        applications.get("elixir"),
        applications,
        files,
        _read_config(texts[config], f"{source}:{config}", rel.version) if config else {},
        rel,
        _read_origins(facts),
        _read_upgrades(facts),
    )


def _read_config(data: bytes, file: str, version: str) -> dict[str, str]:
    terms = parse_terms(decode_source(data, file=file), file=file)
    if len(terms) != 1 or not isinstance(terms[0], list):
        raise IntegrityError(f"{file} is no configuration: it holds one list of applications")
    found = {}
    for section in terms[0]:
        match section:
            case (str() as application, list() as values):
                pairs = (item for item in values if isinstance(item, tuple) and len(item) == 2)
                found.update({f"{application}.{key}": _text_of(value, version) for key, value in pairs})
            case _:
                found["(another file)"] = _text_of(section, version)
    return found


def _text_of(value: Any, version: str) -> str:
    """Return a value as text; the path of its own version's folder is the same for all versions."""
    return format_term(value).replace(f"/releases/{version}/", "/releases/VSN/")
