"""The appups of an upgrade: those of the project and its dependencies where they have one, generated ones elsewhere.

One that somebody wrote wins where it covers every change. Where it speaks of the version and leaves a changed module
out, the upgrade would run old code and say nothing: that is an error. Where it does not speak of the version, an
entry is generated and put beside the others.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dray.beam.appup import Appup, Entry, find_entry, format_appup, parse_appup
from dray.core.term import Atom
from dray.errors import StepError
from dray.upgrade.instructions import Purge, Script, build_instructions
from dray.upgrade.module_change import Kind
from dray.upgrade.suffix import strip_suffix

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from dray.upgrade.build import Build
    from dray.upgrade.plan import ApplicationPlan, Plan

_HIGH_LEVEL = frozenset({"update", "load_module", "add_module", "delete_module"})
_LOW_LEVEL = frozenset({"load", "remove"})
_RESTARTS = frozenset({"restart_new_emulator", "restart_emulator"})


@dataclass(frozen=True, slots=True)
class Scripts:
    """How one application gets from one version to another, and back.

    Args:
        application: The application.
        base: Its version in the base.
        up: The instructions of the way up.
        down: The instructions of the way down.
        generated: Whether dray made all of them.
    """

    application: str
    base: str
    up: Script
    down: Script
    generated: bool

    @property
    def restarts(self) -> bool:
        """Whether they restart the emulator."""
        return any(item in _RESTARTS for item in (*self.up, *self.down) if isinstance(item, str))


def read_own_appups(
    new: Build, changing: Collection[str], given: Mapping[str, bytes]
) -> tuple[dict[str, Appup], list[str]]:
    """Return the appups that somebody wrote for the applications of a release, and what to say of unfit ones.

    Args:
        new: The release.
        changing: The applications that change.
        given: Those of the project, by application; they win over those in ``ebin``.

    Raises:
        IntegrityError: One is no appup.
    """
    found: dict[str, Appup] = {}
    notes = [
        f"rel/appups/{name}.appup: the release has no application {name}"
        for name in given.keys() - new.side.applications.keys()
    ]
    for name, version in new.side.applications.items():
        path = new.appup_path(name)
        if name not in changing or not (name in given or path in new.side.files):
            continue
        data, file = (
            (given[name], f"rel/appups/{name}.appup") if name in given else (new.side.files[path].read(), path)
        )
        appup = parse_appup(data, file=file)
        if strip_suffix(appup.version) == strip_suffix(version):
            found[name] = replace(appup, version=version)
        else:
            notes.append(f"{file} is for {name} {appup.version}, not {version}, and does not count")
    return found, notes


def choose_scripts(plan: Plan, own: Mapping[str, Appup], purge: Purge) -> tuple[Scripts, ...]:
    """Return the instructions for each application that changes.

    Args:
        plan: What changes.
        own: The appups that somebody wrote.
        purge: How old code is purged where the instructions are generated.

    Raises:
        StepError: One that somebody wrote leaves out a changed module.
    """
    return tuple(_choose(app, own.get(app.name), plan, purge) for app in plan.applications)


def _choose(app: ApplicationPlan, own: Appup | None, plan: Plan, purge: Purge) -> Scripts:
    up, down = build_instructions(app.modules, purge)
    if own is None:
        return Scripts(app.name, app.old, up, down, generated=True)
    written_up, written_down = (_find(entries, app.old) for entries in (own.up, own.down))
    for way, written, consolidated in (
        ("up", written_up, plan.new.side.consolidated),
        ("down", written_down, plan.base.side.consolidated),
    ):
        missing = [] if written is None else list(_list_missing(app, written.script, consolidated))
        if missing:
            raise StepError(
                f"the appup of {app.name} leaves out what changes on the way {way} "
                f"({app.old} -> {app.new}): {', '.join(missing)}",
                hint=f"add instructions for them, or take the entry for {app.old} out: dray then generates it",
            )
    return Scripts(
        app.name,
        app.old,
        up if written_up is None else written_up.script,
        down if written_down is None else written_down.script,
        generated=written_up is None and written_down is None,
    )


def _find(entries: tuple[Entry, ...], version: str) -> Entry | None:
    """Return the entry for a version; what was written for a version is for it with a content suffix, too."""
    return find_entry(entries, version) or find_entry(entries, strip_suffix(version))


def _list_missing(app: ApplicationPlan, script: Script, consolidated: frozenset[str]) -> Iterator[str]:
    if any(item in _RESTARTS for item in script if isinstance(item, str)):
        return
    if (Atom("restart_application"), Atom(app.name)) in script:
        return
    named = set(_list_named(script))
    for change in app.modules:
        protocol = change.kind is not Kind.REMOVE and change.name in consolidated
        if change.name not in named and not protocol:
            yield f"{change.name.removeprefix('Elixir.')} ({change.kind})"


def _list_named(script: Script) -> Iterator[str]:
    for instruction in script:
        match instruction:
            case (Atom() as name, Atom() as module, *_) if name in _HIGH_LEVEL:
                yield module
            case (Atom() as name, (Atom() as module, _, _)) if name in _LOW_LEVEL:
                yield module


def build_appup(own: Appup | None, version: str, scripts: tuple[Scripts, ...]) -> bytes:
    """Return the text of an application's appup.

    Args:
        own: The one that somebody wrote.
        version: The application's version.
        scripts: How it gets from each version of the bases, and back.
    """
    ways: list[tuple[Entry, ...]] = []
    for entries, scripts_of in (
        (own.up if own else (), [(item.base, item.up) for item in scripts]),
        (own.down if own else (), [(item.base, item.down) for item in scripts]),
    ):
        made: dict[str, Entry] = {}
        for base, script in scripts_of:
            found = find_entry(entries, base)
            if found is None or found.script != script:
                made.setdefault(base, Entry(base, script))
        ways.append((*made.values(), *entries))
    return format_appup(Appup(version, *ways))
