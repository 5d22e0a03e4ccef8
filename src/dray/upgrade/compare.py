"""What differs between two releases, and whether a running node could follow without a restart.

    difference = compare_sides(read_side(old), read_side(new))
    difference.reasons  # why a restart is needed; empty for a hot upgrade

Only what both releases show of themselves is compared: no code is loaded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dray.upgrade.content import Content
    from dray.upgrade.side import Side

# What every version has of its own: it says which versions of what belong together.
_OF_VERSIONS = re.compile(
    r"releases/(start_erl\.data|RELEASES|COOKIE|[^/]+\.rel"
    r"|VSN/([^/]+\.rel|manifest\.json|start.*\.(boot|script)|relup|upgrade/.*))\Z"
)
_CONFIGURATION = re.compile(r"releases/VSN/(sys\.config|runtime\.exs)\Z")
_PROTOCOL = re.compile(r"releases/VSN/consolidated/(.+)\.beam\Z")
_MODULE = re.compile(r"ebin/(.+)\.beam\Z")
# The .app names the version; the .appup tells how to get to it, and no two versions of a release carry the same.
_DESCRIPTION = re.compile(r"ebin/[^/]+\.(app|appup)\Z")


@dataclass(frozen=True, slots=True)
class Changes:
    """What became of things that have names.

    Args:
        added: Only in the new release.
        removed: Only in the old one.
        changed: In both, with other content.
    """

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.added or self.removed or self.changed)


@dataclass(frozen=True, slots=True)
class ApplicationDifference:
    """What became of an application.

    Args:
        name: The application.
        old: Its version in the old release; None where it is not in it.
        new: Its version in the new release; None where it is not in it.
        modules: Its modules.
        files: Its other files but the ``.app`` and the ``.appup``, relative to its folder.
    """

    name: str
    old: str | None
    new: str | None
    modules: Changes
    files: Changes

    @property
    def is_unversioned(self) -> bool:
        """Whether its content changed and its version did not."""
        return self.old == self.new and bool(self.modules or self.files)


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs between two releases.

    Args:
        old: The old one.
        new: The new one.
        runtime: ERTS, OTP and Elixir where they differ: name, old and new version.
        applications: The applications that differ, by name.
        protocols: The consolidated protocols.
        config: The keys of ``sys.config``, and ``runtime.exs``.
        files: All other files: launcher, hooks, flags, overlays.
        reasons: Why a running node cannot follow; empty where nothing is known to stand against it.
    """

    old: Side
    new: Side
    runtime: tuple[tuple[str, str, str], ...]
    applications: tuple[ApplicationDifference, ...]
    protocols: Changes
    config: Changes
    files: Changes
    reasons: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether both are the same but for their versions."""
        return not (self.runtime or self.applications or self.protocols or self.config or self.files)


def compare_sides(old: Side, new: Side) -> Difference:
    """Return what differs."""
    runtime = tuple(_compare_runtime(old, new))
    names = sorted(old.applications.keys() | new.applications.keys())
    compared = (_compare_application(name, old, new) for name in names)
    applications = tuple(item for item in compared if item.old != item.new or item.modules or item.files)
    before, after = _list_others(old), _list_others(new)
    others = _compare(before, after)
    return Difference(
        old,
        new,
        runtime,
        applications,
        _select(others, _PROTOCOL),
        _compare_config(old, new, others),
        _reject(others, (_PROTOCOL, _CONFIGURATION)),
        tuple(_list_reasons(old, new, runtime, applications)),
    )


def _compare_runtime(old: Side, new: Side) -> Iterator[tuple[str, str, str]]:
    for name, before, after in (
        ("ERTS", old.erts, new.erts),
        ("OTP", old.otp, new.otp),
        ("Elixir", old.elixir, new.elixir),
    ):
        # What one of two releases does not say is no difference: Mix writes no manifest.
        if before and after and before != after:
            yield name, before, after


def _compare_application(name: str, old: Side, new: Side) -> ApplicationDifference:
    files = _compare(old.list_application(name), new.list_application(name))
    modules, rest = _select(files, _MODULE), _reject(files, (_MODULE, _DESCRIPTION))
    return ApplicationDifference(name, old.applications.get(name), new.applications.get(name), modules, rest)


def _list_others(side: Side) -> dict[str, Content]:
    """Return the files outside of applications and runtime, with a folder of the version that all versions share."""
    folder = f"releases/{side.version}/"
    named = {
        f"releases/VSN/{path.removeprefix(folder)}" if path.startswith(folder) else path: content
        for path, content in side.files.items()
        if not path.startswith(("lib/", "erts-"))
    }
    return {path: content for path, content in named.items() if not _OF_VERSIONS.match(path)}


def _compare(old: Mapping[str, Content], new: Mapping[str, Content]) -> Changes:
    return Changes(
        tuple(sorted(new.keys() - old.keys())),
        tuple(sorted(old.keys() - new.keys())),
        tuple(sorted(path for path in old.keys() & new.keys() if not old[path].is_same_as(new[path]))),
    )


def _compare_config(old: Side, new: Side, others: Changes) -> Changes:
    files = _select(others, _CONFIGURATION)
    if old.config is None or new.config is None:
        return files
    scripts = [tuple(name for name in part if name != "sys.config") for part in (files.added, files.removed)]
    changed = tuple(name for name in files.changed if name != "sys.config")
    keys = old.config.keys() & new.config.keys()
    return Changes(
        (*sorted(new.config.keys() - old.config.keys()), *scripts[0]),
        (*sorted(old.config.keys() - new.config.keys()), *scripts[1]),
        (*sorted(key for key in keys if old.config[key] != new.config[key]), *changed),
    )


def _select(changes: Changes, pattern: re.Pattern[str]) -> Changes:
    """Return the changes whose names match, by the name's part that the pattern's first group holds."""

    def pick(names: Iterable[str]) -> tuple[str, ...]:
        return tuple(found[1] for name in names if (found := pattern.match(name)))

    return Changes(pick(changes.added), pick(changes.removed), pick(changes.changed))


def _reject(changes: Changes, patterns: tuple[re.Pattern[str], ...]) -> Changes:
    def keep(names: Iterable[str]) -> tuple[str, ...]:
        return tuple(name for name in names if not any(pattern.match(name) for pattern in patterns))

    return Changes(keep(changes.added), keep(changes.removed), keep(changes.changed))


def _list_reasons(
    old: Side,
    new: Side,
    runtime: tuple[tuple[str, str, str], ...],
    applications: tuple[ApplicationDifference, ...],
) -> Iterator[str]:
    if old.name != new.name:
        yield f"{old.name} and {new.name} are two releases, not two versions of one"
    for name, before, after in runtime:
        yield f"{name} {before} -> {after}: a node cannot change its runtime"
    for app in applications:
        for path in (*app.files.changed, *app.files.added):
            content = new.files.get(f"lib/{app.name}-{app.new}/{path}")
            if content is not None and content.native and app.old is not None:
                yield f"{app.name}: {path} is machine code, which a node does not load a second time"
